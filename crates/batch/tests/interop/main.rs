//! The engine against servers that were not written here: OGX, aimock and llmock.
//!
//! They are installed once into the target directory. Where Python, node or the network is missing, a
//! test says so and does nothing. What differs between the servers stands in `docs/interop.md`. All of
//! this shows that foreign software is understood; it shows nothing about Groq.

#[path = "../common/mod.rs"]
mod common;

mod aimock;
mod bench;
mod llmock;
mod meddling;
mod ogx;
mod servers;
