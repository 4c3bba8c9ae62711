//! The style sheet and the scripts, kept compressed.

use std::io::Write;
use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Our style sheet.
pub(crate) const STYLE: &str = include_str!("assets/tandem.css");

/// Our script: draws the figures, follows runs.
pub(crate) const SCRIPT: &str = include_str!("assets/tandem.js");

const ICON: &str = include_str!("assets/icon.svg");

/// The script of the charting library, out of its crate, without the typesetting of formulas that the
/// crate adds.
pub(crate) fn chart_script() -> &'static str {
    static SOURCES: OnceLock<String> = OnceLock::new();
    let sources = SOURCES.get_or_init(plotly::Plot::offline_js_sources);
    sources
        .split_once('>')
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .map_or("", |(script, _)| script)
}

/// One file as it is served.
struct Asset {
    content_type: &'static str,
    plain: &'static str,
    gzip: Vec<u8>,
    hash: String,
}

impl Asset {
    fn new(content_type: &'static str, plain: &'static str) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail; an empty result would only be served uncompressed.
        let gzip = encoder
            .write_all(plain.as_bytes())
            .and_then(|()| encoder.finish())
            .unwrap_or_default();
        let hash = blake3::hash(plain.as_bytes()).to_hex();
        Asset {
            content_type,
            plain,
            gzip,
            hash: hash.get(..12).unwrap_or_default().to_owned(),
        }
    }
}

/// All files by name.
struct Assets {
    style: Asset,
    script: Asset,
    chart: Asset,
    icon: Asset,
}

fn assets() -> &'static Assets {
    static ASSETS: OnceLock<Assets> = OnceLock::new();
    ASSETS.get_or_init(|| Assets {
        style: Asset::new("text/css; charset=utf-8", STYLE),
        script: Asset::new("text/javascript; charset=utf-8", SCRIPT),
        chart: Asset::new("text/javascript; charset=utf-8", chart_script()),
        icon: Asset::new("image/svg+xml", ICON),
    })
}

/// Compresses everything now, so that the first visitor does not wait for it.
pub(crate) fn warm() {
    assets();
}

/// The addresses of the files, with the hash of their content, so that they may be kept for ever.
pub(crate) struct Addresses {
    /// The style sheet.
    pub(crate) style: String,
    /// Our script.
    pub(crate) script: String,
    /// The charting library.
    pub(crate) chart: String,
    /// The icon.
    pub(crate) icon: String,
}

/// The addresses of the files.
pub(crate) fn addresses() -> &'static Addresses {
    static ADDRESSES: OnceLock<Addresses> = OnceLock::new();
    ADDRESSES.get_or_init(|| {
        let assets = assets();
        let address = |name: &str, asset: &Asset| format!("/assets/{name}?v={}", asset.hash);
        Addresses {
            style: address("tandem.css", &assets.style),
            script: address("tandem.js", &assets.script),
            chart: address("plotly.js", &assets.chart),
            icon: address("icon.svg", &assets.icon),
        }
    })
}

/// Serves a file by name.
pub(crate) fn serve(name: &str, request: &HeaderMap) -> Response {
    let assets = assets();
    let asset = match name {
        "tandem.css" => &assets.style,
        "tandem.js" => &assets.script,
        "plotly.js" => &assets.chart,
        "icon.svg" => &assets.icon,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let takes_gzip = request
        .get(http::header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    if takes_gzip && !asset.gzip.is_empty() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return (headers, asset.gzip.as_slice()).into_response();
    }
    (headers, asset.plain).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charting_library_comes_without_its_tags() {
        let script = chart_script();
        assert!(script.len() > 1_000_000, "{} bytes", script.len());
        assert!(script.contains("plotly.js v"), "not the library");
        assert!(!script.contains("<script"), "a tag was left in");
    }
}
