//! One spelling for each tool.

/// What models call tools, and the slug that the house uses. Looked up after lower-casing and
/// joining words with underscores.
const ALIASES: [(&str, &str); 46] = [
    ("amazon_q_developer", "amazon_q"),
    ("ampcode", "amp"),
    ("anthropic_claude", "claude_code"),
    ("augment_code", "augment"),
    ("augmentcode", "augment"),
    ("bito_ai", "bito"),
    ("bolt_new", "bolt"),
    ("claude", "claude_code"),
    ("claude_ai", "claude_code"),
    ("claude_bot", "claude_code"),
    ("claude_code_cli", "claude_code"),
    ("claudecode", "claude_code"),
    ("code_rabbit", "coderabbit"),
    ("coderabbit_ai", "coderabbit"),
    ("coderabbitai", "coderabbit"),
    ("codex_cli", "codex"),
    ("copilot_agent", "copilot"),
    ("copilot_coding_agent", "copilot"),
    ("copilot_swe_agent", "copilot"),
    ("cubic_dev_ai", "cubic"),
    ("cursor_agent", "cursor"),
    ("cursor_ai", "cursor"),
    ("cursor_bugbot", "bugbot"),
    ("cursoragent", "cursor"),
    ("devin_ai", "devin"),
    ("devin_ai_integration", "devin"),
    ("factory", "factory_droid"),
    ("gemini_cli", "gemini"),
    ("github_copilot", "copilot"),
    ("github_copilot_agent", "copilot"),
    ("github_copilot_coding_agent", "copilot"),
    ("github_copilot_review", "copilot_review"),
    ("google_gemini", "gemini"),
    ("google_jules", "jules"),
    ("google_labs_jules", "jules"),
    ("greptile_apps", "greptile"),
    ("jetbrains_junie", "junie"),
    ("openai_codex", "codex"),
    ("qodo_merge", "qodo"),
    ("replit_agent", "replit"),
    ("roo", "roo_code"),
    ("sourcery_ai", "sourcery"),
    ("sweep_ai", "sweep"),
    ("v0_dev", "v0"),
    ("windsurf_cascade", "windsurf"),
    ("chatgpt_codex_connector", "codex_review"),
];

/// Brings a tool's name into the form of the catalogue: `GitHub Copilot` becomes `copilot`.
///
/// Letters outside ASCII stay, so that no name of a tool we do not know becomes empty.
pub fn tool_slug(name: &str) -> String {
    let lower = name.trim().trim_end_matches("[bot]").to_lowercase();
    let mut slug = String::with_capacity(lower.len());
    for character in lower.chars() {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug = slug.trim_end_matches('_');
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == slug)
        .map_or(slug, |(_, known)| known)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_slugs() {
        for (name, slug) in [
            ("claude_code", "claude_code"),
            ("Claude Code", "claude_code"),
            ("Claude", "claude_code"),
            ("GitHub Copilot", "copilot"),
            ("copilot-swe-agent[bot]", "copilot"),
            ("coderabbitai[bot]", "coderabbit"),
            ("  Devin AI ", "devin"),
            ("v0", "v0"),
            ("Some New-Tool 2.0", "some_new_tool_2_0"),
            ("通义灵码", "通义灵码"),
            ("---", ""),
        ] {
            assert_eq!(tool_slug(name), slug, "{name}");
        }
    }

    #[test]
    fn a_slug_is_its_own_slug() {
        for (alias, known) in ALIASES {
            assert_eq!(tool_slug(known), known, "{alias}");
            assert_eq!(tool_slug(alias), known);
        }
    }
}
