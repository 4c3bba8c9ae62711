#![doc = include_str!("../README.md")]

mod access;
mod address;
pub mod auth;
mod budget;
mod client;
mod error;
mod fetch;
mod observer;
pub mod queries;
mod reading;
mod record;
mod shelf;
mod sync;
pub mod transport;
pub mod webhook;
mod wire;

pub use access::{Access, Account, Installation, Points, RefusedPart};
pub use address::{Address, AddressError};
pub use auth::{Credentials, TokenKind};
pub use client::{Client, ClientSettings};
pub use error::{GithubError, SsoBlock};
pub use observer::{Event, Observer, Pause, Silent};
pub use shelf::{
    Mark, Marked, Page, RepositoryId, RepositoryProgress, RepositoryState, SharedError, Shelf,
    ShelfError, Walk, Whole,
};
pub use sync::{Scope, SyncReport, SyncSettings, Synchroniser};
