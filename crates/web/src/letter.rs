//! A short letter in three forms: text, HTML for mail, and the marks of chat.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::{visible, visible_line as one_line};

/// Mail clients take a style element, and little else.
const STYLE: &str = "body{margin:0;background:#f5f6f8;color:#16202b;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif}\
.letter{max-width:640px;margin:0 auto;padding:24px 16px}h1{font-size:20px;margin:0 0 4px}h2{font-size:15px;margin:22px 0 6px;\
padding-bottom:3px;border-bottom:2px solid #0072b2}p,li{margin:0 0 6px;overflow-wrap:anywhere}ul{margin:0;padding-left:18px}\
.lead{color:#5a6674}.warning{background:#fff4e0;color:#6b4200;border-radius:6px;padding:8px 10px}.foot{color:#5a6674;font-size:13px;\
margin-top:24px}";

/// A letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// What it is about, for a subject line: one line.
    pub subject: String,
    /// What is said first.
    pub lead: String,
    /// What must be known before reading on.
    pub warnings: Vec<String>,
    /// Its parts; those without lines are left out.
    pub sections: Vec<LetterSection>,
    /// What is said last.
    pub foot: String,
}

/// A part of a letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterSection {
    /// Its title.
    pub title: String,
    /// Its lines, each a sentence or two.
    pub lines: Vec<String>,
}

impl Letter {
    /// Adds a part.
    pub fn section(&mut self, title: impl Into<String>, lines: Vec<String>) {
        self.sections.push(LetterSection {
            title: title.into(),
            lines,
        });
    }

    /// The subject as one line without anything that could end a header.
    pub fn subject_line(&self) -> String {
        one_line(&self.subject).into_owned()
    }

    fn shown(&self) -> impl Iterator<Item = &LetterSection> {
        self.sections.iter().filter(|one| !one.lines.is_empty())
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n", one_line(&self.subject), one_line(&self.lead));
        for warning in &self.warnings {
            text.push_str(&format!("\n! {}\n", one_line(warning)));
        }
        for section in self.shown() {
            text.push_str(&format!("\n{}\n", one_line(&section.title).to_uppercase()));
            for line in &section.lines {
                text.push_str(&format!("- {}\n", one_line(line)));
            }
        }
        text.push_str(&format!("\n{}\n", one_line(&self.foot)));
        text
    }

    /// As a document of HTML that mail clients can show.
    pub fn html(&self) -> String {
        let body: Markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.subject) }
                    style { (PreEscaped(STYLE)) }
                }
                body { div.letter {
                    h1 { (self.subject) }
                    p.lead { (self.lead) }
                    @for warning in &self.warnings { p.warning { (warning) } }
                    @for section in self.shown() {
                        h2 { (section.title) }
                        ul { @for line in &section.lines { li { (line) } } }
                    }
                    p.foot { (self.foot) }
                } }
            }
        };
        visible(&body.into_string()).into_owned()
    }

    /// As chat writes it (Slack's `mrkdwn`): `<`, `>` and `&` would be links and mentions.
    pub fn chat(&self) -> String {
        let safe = |text: &str| {
            one_line(text)
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        };
        let mut text = format!("*{}*\n{}\n", safe(&self.subject), safe(&self.lead));
        for warning in &self.warnings {
            text.push_str(&format!(":warning: {}\n", safe(warning)));
        }
        for section in self.shown() {
            text.push_str(&format!("\n*{}*\n", safe(&section.title)));
            for line in &section.lines {
                text.push_str(&format!("• {}\n", safe(line)));
            }
        }
        text.push_str(&format!("\n_{}_\n", safe(&self.foot)));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile() -> Letter {
        let mut letter = Letter {
            subject: "Week\r\nBcc: all".to_owned(),
            lead: "<script>alert(1)</script>".to_owned(),
            foot: "end".to_owned(),
            ..Letter::default()
        };
        letter.section(
            "<!channel>",
            vec!["team \u{202e}a\u{1b}[31m & b".to_owned()],
        );
        letter.section("Left out", Vec::new());
        letter
    }

    #[test]
    fn text_from_outside_does_nothing_in_any_form() {
        let letter = hostile();
        assert!(!letter.html().contains("<script>"), "{}", letter.html());
        assert!(!letter.chat().contains("<!channel>"), "{}", letter.chat());
        assert!(
            letter.text().starts_with("Week Bcc: all\n"),
            "{}",
            letter.text()
        );
        for text in [letter.text(), letter.chat()] {
            assert!(
                !text.contains('\u{1b}') && !text.contains('\u{202e}'),
                "{text}"
            );
            assert!(!text.to_lowercase().contains("left out"), "{text}");
        }
    }
}
