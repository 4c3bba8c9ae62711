//! How the site behaves.

use crate::access::Access;

/// How the site behaves, as the configuration has it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether names of people are shown. Teams are shown always.
    pub people: bool,
    /// Where pull requests are looked at, `https://github.com`; links lead there.
    pub host: String,
    /// What the database is called in headings: its file name.
    pub title: String,
    /// How visitors are told apart.
    pub access: Access,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            people: false,
            host: "https://github.com".to_owned(),
            title: "Tandem".to_owned(),
            access: Access::ThisMachine,
        }
    }
}
