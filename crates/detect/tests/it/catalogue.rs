//! The catalogue's own examples, and what users may do to it.

use detect::Catalogue;

#[test]
fn every_example_of_every_row_holds() {
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    let failures = catalogue.check_examples().expect("it compiles");
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
