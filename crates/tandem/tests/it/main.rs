//! The binary as its users meet it. One test program, so that it links once.

mod analyze;
mod architecture;
mod batch;
mod command_line;
mod compare;
mod corrections;
mod costs;
mod crash;
mod doctor_github;
mod doubt;
mod errors;
mod github_host;
mod import_detect;
mod import_formats;
mod interop;
mod interrupts;
mod json_contract;
mod narrative;
mod providers;
mod quarantine;
mod statistics_page;
mod support;
mod sync;
mod teams;
mod together;
