//! The binary as its users meet it. One test program, so that it links once.

mod analyze;
mod architecture;
mod batch;
mod command_line;
mod compare;
mod costs;
mod crash;
mod dashboard;
mod doctor_github;
mod doubt;
mod errors;
mod github_host;
mod import_detect;
mod interop;
mod interrupts;
mod json_contract;
mod providers;
mod quarantine;
mod serve;
mod support;
mod sync;
mod teams;
mod together;
mod webhooks;
