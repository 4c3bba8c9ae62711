//! How rare a literal is in the text of pull requests.
//!
//! The prefilter looks for one literal of each pattern; the rarer it is, the fewer texts need the
//! pattern itself. Rarity is estimated from letter frequencies of English, with a discount for the
//! fragments that technical text is full of.

/// More bits than this make no difference: such a literal is as good as never there by chance.
const ENOUGH_BITS: u32 = 44;

/// What a commonplace fragment within a literal is worth, however long it is.
const COMMONPLACE_BITS: u32 = 6;

/// Fragments that most pull requests contain.
const COMMONPLACE: [&str; 28] = [
    "http",
    "://",
    "github",
    ".com",
    "www.",
    "users.noreply",
    "pull request",
    "summary",
    "description",
    "generated",
    "request",
    "review",
    "comment",
    "commit",
    "author",
    "created",
    "overview",
    "this ",
    "with ",
    "task",
    "session",
    "auto-",
    "<!--",
    " -->",
    "agent",
    "follow",
    "feedback",
    " file",
];

/// A score that grows with rarity, in bits.
pub(crate) fn rarity_bits(literal: &str) -> u32 {
    let mut rest = literal.to_ascii_lowercase();
    let mut bits = 0;
    for common in COMMONPLACE {
        if rest.contains(common) {
            rest = rest.replace(common, "");
            bits += COMMONPLACE_BITS;
        }
    }
    let tenths: u32 = rest.bytes().map(tenths_of_bits).sum();
    (bits + tenths / 10).min(ENOUGH_BITS)
}

/// Words whose pieces are everywhere in pull requests.
const EVERYDAY_WORDS: [&str; 40] = [
    "https://",
    "http://",
    "github.com/",
    "pull/",
    "issues/",
    "commit",
    "changes",
    "changed",
    "request",
    "review",
    "comment",
    "summary",
    "description",
    "generated",
    "feature",
    "files",
    "with ",
    "this ",
    "that ",
    "from ",
    "when ",
    "have ",
    "test",
    "update",
    "using ",
    "added",
    "should",
    "following",
    "remove",
    "support",
    "function",
    "feedback",
    "authored-by",
    "signed-off-by",
    "made with",
    "fixed",
    "code",
    "value",
    "error",
    "version",
];

/// Rarity of a few bytes on their own: pieces of everyday words come last.
pub(crate) fn piece_rarity_bits(piece: &str) -> u32 {
    let bits = rarity_bits(piece);
    let lower = piece.to_ascii_lowercase();
    if EVERYDAY_WORDS.iter().any(|word| word.contains(&lower)) {
        bits / 4
    } else {
        bits
    }
}

/// Surprise of one byte in tenths of a bit, rounded from letter frequencies of English prose.
fn tenths_of_bits(byte: u8) -> u32 {
    match byte {
        b' ' => 25,
        b'e' => 34,
        b't' => 38,
        b'a' | b'o' | b'i' | b'n' | 128.. => 40,
        b's' | b'r' => 42,
        b'l' | b'd' | b'c' => 49,
        b'h' | b'u' | b'm' | b'p' => 53,
        b'g' | b'f' => 58,
        b'y' | b'b' | b'w' => 62,
        b'v' => 69,
        b'k' => 73,
        b'x' => 80,
        b'j' | b'q' | b'z' => 96,
        b'0'..=b'9' | b':' => 60,
        b'-' | b'/' | b'.' | b'\n' => 52,
        _ => 72,
    }
}

#[cfg(test)]
mod tests {
    use super::{piece_rarity_bits, rarity_bits};

    #[test]
    fn rare_words_beat_common_fragments() {
        assert!(rarity_bits("app.devin.ai") > rarity_bits("https://"));
        assert!(rarity_bits("coderabbit") > rarity_bits("summary by"));
        assert!(rarity_bits("jules") > rarity_bits("the"));
        assert!(piece_rarity_bits("plit") > piece_rarity_bits("comm"));
    }
}
