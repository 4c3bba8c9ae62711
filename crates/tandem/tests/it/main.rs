//! The binary as its users meet it. One test program, so that it links once.

mod analyze;
mod api;
mod architecture;
mod batch;
mod command_line;
mod compare;
mod costs;
mod crash;
mod dashboard;
mod digest;
mod doubt;
mod errors;
mod import_detect;
mod interop;
mod interrupts;
mod json_contract;
mod providers;
mod quarantine;
mod report;
mod serve;
mod served;
mod support;
mod sync;
mod teams;
mod together;
