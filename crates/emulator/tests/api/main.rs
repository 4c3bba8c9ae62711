//! The emulator's API, called in-process on a paused clock.

mod common;
mod defaults;
mod faults;
mod jobs;
mod life;
mod limits;
mod messages;
mod objects;
