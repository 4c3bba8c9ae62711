//! `docs/export.md` lists the columns that are written.

use std::path::Path;

const MARK: &str = "<!-- Made from the code by a test; TANDEM_UPDATE_DOCS=1 renews it. -->\n";

#[test]
fn the_page_lists_the_columns_that_are_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/export.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (prose, _) = page.split_once(MARK).expect("the mark");
    let expected = format!("{prose}{MARK}\n{}", export::columns_as_markdown());
    if std::env::var_os("TANDEM_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).expect("written");
    }
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(
        page == expected,
        "docs/export.md is not what the code writes; TANDEM_UPDATE_DOCS=1 renews it"
    );
}
