//! The whole router over an empty database, and files of reports.

mod access;
mod empty;
mod pages;
