//! Pages that were made once and are handed out again while the report they are made of stands.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

/// The most bytes of pages that are kept.
const MOST_BYTES: usize = 24 * 1024 * 1024;

/// What a page is kept under: its name with everything that was asked, and the serials of the report
/// and of the basis it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The page, the team and the months.
    pub(crate) page: String,
    /// Of which report it is made.
    pub(crate) serial: u64,
    /// Whether the basis was there.
    pub(crate) has_basis: bool,
}

/// A page as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    html: Bytes,
    tag: HeaderValue,
}

impl Page {
    fn new(html: String) -> Self {
        let hash = blake3::hash(html.as_bytes()).to_hex();
        // Hex digits in quotes are always a header value.
        let tag = HeaderValue::from_str(&format!("\"{}\"", &hash.as_str()[..24]))
            .unwrap_or(HeaderValue::from_static("\"\""));
        Page {
            html: Bytes::from(html),
            tag,
        }
    }

    /// The response: the page, or that it is the one the reader has.
    pub(crate) fn respond(&self, request: &HeaderMap) -> Response {
        let is_known = request
            .get(IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|known| self.tag.to_str().is_ok_and(|tag| known.contains(tag)));
        let mut response = if is_known {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(self.html.clone()))
        };
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(ETAG, self.tag.clone());
        response
    }
}

#[derive(Default)]
struct Shelf {
    pages: HashMap<Key, Page>,
    /// The oldest first.
    order: VecDeque<Key>,
    bytes: usize,
}

/// The pages that are kept; at most [`MOST_BYTES`] of them.
#[derive(Default)]
pub(crate) struct Rendered {
    kept: Mutex<Shelf>,
}

impl Rendered {
    /// The page under a key, made if it is not there.
    pub(crate) fn page(&self, key: Key, make: impl FnOnce() -> String) -> Page {
        {
            let shelf = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(page) = shelf.pages.get(&key) {
                return page.clone();
            }
        }
        // Made outside of the lock: two readers may make the same page once each.
        let page = Page::new(make());
        let mut shelf = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.pages.insert(key.clone(), page.clone()).is_none() {
            shelf.bytes += page.html.len();
            shelf.order.push_back(key);
        }
        while shelf.bytes > MOST_BYTES {
            let Some(oldest) = shelf.order.pop_front() else {
                break;
            };
            if let Some(page) = shelf.pages.remove(&oldest) {
                shelf.bytes -= page.html.len();
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(page: &str, serial: u64) -> Key {
        Key {
            page: page.to_owned(),
            serial,
            has_basis: true,
        }
    }

    #[test]
    fn a_page_is_made_once_for_a_report() {
        let rendered = Rendered::default();
        let first = rendered.page(key("/", 1), || "one".to_owned());
        let again = rendered.page(key("/", 1), || unreachable!("it is kept"));
        assert_eq!(first.tag, again.tag);
        let renewed = rendered.page(key("/", 2), || "two".to_owned());
        assert_ne!(first.tag, renewed.tag);
    }

    #[test]
    fn a_reader_who_has_the_page_is_not_sent_it_again() {
        let page = Rendered::default().page(key("/", 1), || "one".to_owned());
        let mut request = HeaderMap::new();
        assert_eq!(page.respond(&request).status(), StatusCode::OK);
        request.insert(IF_NONE_MATCH, page.tag.clone());
        assert_eq!(page.respond(&request).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn the_oldest_pages_make_room() {
        let rendered = Rendered::default();
        for serial in 0..30 {
            rendered.page(key("/", serial), || "x".repeat(MOST_BYTES / 10));
        }
        let shelf = rendered.kept.lock().expect("not poisoned");
        assert!(shelf.bytes <= MOST_BYTES, "{} bytes", shelf.bytes);
        assert_eq!(shelf.pages.len(), shelf.order.len());
        assert!(shelf.pages.contains_key(&key("/", 29)));
        assert!(!shelf.pages.contains_key(&key("/", 0)));
    }
}
