//! Why something could not be had from GitHub.

/// What went wrong, in the words of those who can mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// The token is wrong, expired or revoked.
    #[error("GitHub does not accept the token: {message}")]
    BadCredentials {
        /// The host's words.
        message: String,
    },
    /// The token may not do this.
    #[error("the token may not read {what}: {message}")]
    Forbidden {
        /// What was asked for.
        what: String,
        /// The host's words.
        message: String,
    },
    /// The token lacks a scope.
    #[error("the token lacks a scope for {what}: {message}")]
    MissingScope {
        /// What was asked for.
        what: String,
        /// The host's words, which name the scope.
        message: String,
    },
    /// The organisation wants single sign-on for this token.
    #[error("{what} is protected by single sign-on, and the token is not authorised for it")]
    SingleSignOn {
        /// What was asked for.
        what: String,
        /// Where the token can be authorised, when the host says so.
        block: SsoBlock,
    },
    /// There is no such thing, or the token cannot see it.
    #[error("there is no {what}, or the token cannot see it")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The host refuses the query as it is: a fault of ours, or an old enterprise server.
    #[error("GitHub refuses the query for {what}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// The host's words.
        message: String,
    },
    /// The host could not be reached or failed, after repeated tries.
    #[error("GitHub cannot be reached or fails: {message}")]
    Unavailable {
        /// What happened last.
        message: String,
    },
    /// The response is not what GitHub sends.
    #[error("the response for {what} is not GitHub's: {message}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        message: String,
    },
    /// A limit would keep the sync waiting longer than the settings allow.
    #[error("the limit of the token is used up until {until}")]
    Limited {
        /// When it goes on.
        until: jiff::Timestamp,
    },
    /// The private key of the GitHub App cannot be used.
    #[error("the private key of the GitHub App cannot be used: {message}")]
    AppKey {
        /// What is wrong with it.
        message: String,
    },
    /// The place where pull requests are kept failed.
    #[error("cannot keep what was read")]
    Shelf(#[source] crate::shelf::ShelfError),
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
}

/// Where a token can be authorised for single sign-on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SsoBlock {
    /// The page.
    pub url: Option<String>,
}

impl GithubError {
    /// Whether it concerns the token as a whole, so that nothing else can succeed either.
    pub fn is_about_the_token(&self) -> bool {
        matches!(
            self,
            GithubError::BadCredentials { .. } | GithubError::AppKey { .. }
        )
    }

    /// Whether it concerns only the thing asked for: the sync can go on with the next.
    pub fn is_about_one_thing(&self) -> bool {
        matches!(
            self,
            GithubError::Forbidden { .. }
                | GithubError::MissingScope { .. }
                | GithubError::SingleSignOn { .. }
                | GithubError::NotFound { .. }
        )
    }
}
