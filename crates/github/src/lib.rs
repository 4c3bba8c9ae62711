#![doc = include_str!("../README.md")]

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

pub use address::{Address, AddressError};
pub use auth::Credentials;
pub use client::{Access, Client, ClientSettings};
pub use error::{GithubError, SsoBlock};
pub use observer::{Event, Observer, Pause, Silent};
pub use shelf::{
    Page, RepositoryId, RepositoryProgress, RepositoryState, SharedError, Shelf, ShelfError, Walk,
    Whole,
};
pub use sync::{Scope, SyncReport, SyncSettings, Synchroniser};
