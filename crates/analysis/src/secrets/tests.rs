use super::*;

fn mask(text: &str) -> (String, MaskCounts) {
    let mut masker = Masker::default();
    let text = masker.mask(text);
    (text, masker.counts().clone())
}

/// Material that looks like a secret, put together here so that no scanner takes it for one.
fn material(length: usize) -> String {
    "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0z"
        .chars()
        .cycle()
        .take(length)
        .collect()
}

#[test]
fn every_kind_is_masked_whole() {
    let upper = "ABCD2345EFGH6789";
    let body = material(40);
    for (kind, secret) in [
        ("github_token", format!("ghp_{}", material(36))),
        ("github_token", format!("gho_{}", material(36))),
        ("github_token", format!("ghs_{}", material(36))),
        ("github_token", format!("github_pat_{}", material(60))),
        ("aws_key", format!("AKIA{upper}")),
        ("slack_token", format!("xoxb-1234567890-{}", material(20))),
        (
            "slack_webhook",
            format!("https://hooks.slack.com/services/T0/B0/{}", material(24)),
        ),
        ("google_key", format!("AIza{}", material(35))),
        ("anthropic_key", format!("sk-ant-api03-{body}")),
        ("openai_key", format!("sk-proj-{body}")),
        ("openai_key", format!("sk-{body}")),
        ("groq_key", format!("gsk_{body}")),
        ("stripe_key", format!("sk_live_{}", material(24))),
        ("npm_token", format!("npm_{}", material(36))),
        ("pypi_token", format!("pypi-{}", material(60))),
        ("gitlab_token", format!("glpat-{}", material(20))),
        ("huggingface_token", format!("hf_{}", material(34))),
        (
            "sendgrid_key",
            format!("SG.{}.{}", material(22), material(43)),
        ),
        (
            "jwt",
            format!("eyJ{}.eyJ{}.{}", material(20), material(30), material(43)),
        ),
        ("assignment", format!("password={}", material(12))),
        ("assignment", format!("\"api_key\": \"{}\"", material(20))),
        (
            "assignment",
            format!("AWS_SECRET_ACCESS_KEY = '{}'", material(40)),
        ),
        (
            "assignment",
            format!("client_secret => \"{}\"", material(20)),
        ),
        (
            "authorization",
            format!("Authorization: Bearer {}", material(30)),
        ),
    ] {
        let text = format!("before {secret} after");
        let (masked, counts) = mask(&text);
        assert_eq!(counts.get(kind), Some(&1), "{kind}: {masked}");
        assert_eq!(counts.len(), 1, "{kind}: {counts:?}");
        assert!(
            masked.starts_with("before ") && masked.ends_with(" after"),
            "{masked}"
        );
        assert!(masked.contains(&format!("[masked:{kind}]")), "{masked}");
        let tail = &secret[secret.len() - 8..secret.len() - 1];
        assert!(!masked.contains(tail), "{masked}");
    }
}

#[test]
fn credentials_go_from_addresses_and_the_rest_stays() {
    let (masked, _) = mask("postgres://app:pa55word@db.example.org:5432/main");
    assert_eq!(
        masked,
        "postgres://[masked:url_credentials]@db.example.org:5432/main"
    );
}

#[test]
fn private_keys_go_closed_cut_off_and_with_headers() {
    let begin = ["-----BEGIN RSA ", "PRIVATE KEY-----"].concat();
    let end = ["-----END RSA ", "PRIVATE KEY-----"].concat();
    let body = format!("{}\n{}", material(64), material(64));
    let (masked, counts) = mask(&format!("a\n{begin}\n{body}\n{end}\nb"));
    assert_eq!(masked, "a\n[masked:private_key]\nb");
    assert_eq!(counts["private_key"], 1);
    let (masked, _) = mask(&format!("a\n{begin}\nProc-Type: 4,ENCRYPTED\n\n{body}"));
    assert_eq!(masked, "a\n[masked:private_key]");
    let prose = format!("The file starts with {begin}.");
    assert_eq!(mask(&prose).0, prose);
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    assert_eq!(mask(certificate).0, certificate);
}

#[test]
fn ordinary_text_stays() {
    for text in [
        "3f2a1b0c9d8e7f60514233241506978badcfe012",
        "Reverts 3f2a1b0c9d8e7f60514233241506978badcfe012.",
        "commit: 3f2a1b0c9d8e7f60514233241506978badcfe012",
        "token: string, secret: Option<String>",
        "const token = process.env.API_TOKEN_2;",
        "password: ${DB_PASSWORD_1}",
        "token: ${{ secrets.GH_TOKEN2 }}",
        "max_tokens: 4096 and total tokens: 12345678",
        "class=\"sk-loading-indicator-container\"",
        "See https://example.org/a/b@c?x=1:2",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "git@github.com:acme/shop.git",
        "Bump web from 1.2.3 to 1.2.4, see @acme/web@1.2.4",
        "The bearer of this message",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
    ] {
        assert_eq!(mask(text).0, text);
    }
}

#[test]
fn addresses_of_people_go_and_those_of_tools_stay() {
    for kept in [
        "Co-Authored-By: Claude <noreply@anthropic.com>",
        "Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>",
        "Co-authored-by: x <1+devin-ai-integration[bot]@users.noreply.github.com>",
        "Co-authored-by: Oz <oz-agent@warp.dev>",
    ] {
        assert_eq!(mask(kept).0, kept);
    }
    let (masked, counts) = mask("Signed-off-by: Ada Lovelace <ada@example.org>");
    assert_eq!(masked, "Signed-off-by: Ada Lovelace <[masked:email]>");
    assert_eq!(counts["email"], 1);
    let quote = "Co-authored-by: Cursor <cursoragent@cursor.com>";
    assert!(mask(quote).0.contains("[masked:email]"));
    assert_eq!(Masker::keeping_addresses_in([quote]).mask(quote), quote);
}

#[test]
fn long_secrets_go_to_their_end() {
    for text in [
        format!("X-Amz-Security-Token={}&next=1", material(3_000)),
        format!("Bearer {} end", material(9_000)),
        format!("sk-{} end", material(2_000)),
        format!(
            "eyJ{}.{}.{} end",
            material(3_000),
            material(5_000),
            material(2_000)
        ),
    ] {
        let (masked, _) = mask(&text);
        assert!(masked.len() < 80, "{masked}");
    }
}

#[test]
fn masking_twice_changes_nothing_more() {
    let text = format!(
        "password={} ghp_{} ada@example.org",
        material(14),
        material(36)
    );
    let (once, _) = mask(&text);
    let (twice, counts) = mask(&once);
    assert_eq!(twice, once);
    assert!(counts.is_empty());
}

#[test]
fn long_texts_take_linear_time() {
    for unit in [
        "a",
        "a@",
        "password=",
        "eyJ",
        "-----BEGIN ",
        "sk-",
        "://a:b",
        "\u{e9}",
    ] {
        let (masked, _) = mask(&unit.repeat(200_000 / unit.len()));
        assert!(!masked.is_empty());
    }
}
