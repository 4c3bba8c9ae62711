//! Manifests of the first version are read, and what is written now has their shape.

use export::Manifest;

#[test]
fn a_manifest_of_version_1_is_read_and_written_the_same() {
    let text = include_str!("regression/manifest-v1.json");
    let manifest: Manifest = serde_json::from_str(text).expect("a manifest");
    assert_eq!(manifest.version, 1);
    assert_eq!(manifest.rows(), 13);
    let written = serde_json::to_string_pretty(&manifest).expect("JSON");
    assert_eq!(written.trim(), text.trim());
}
