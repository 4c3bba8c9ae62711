//! The official Python SDKs drive the emulator unchanged.
//!
//! The SDKs are installed once into the target directory. Where Python, its `venv` or the network
//! is missing, the tests say so and do nothing.

mod anthropic;
mod mistral;
mod openai_shaped;
mod python;
