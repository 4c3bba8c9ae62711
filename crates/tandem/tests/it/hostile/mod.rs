//! What others wrote does nothing but be read: one corpus of hostile text (`tests/hostile/corpus.json`),
//! through import, detection and analysis, to every medium that shows it.

mod corpus;
mod files;
mod input;
mod pages;
mod terminal;
