//! Tests through the public interface, one module per question.

mod catalogue;
mod evaluation;
mod fixture;
mod positives;
mod real_data;
mod robustness;
mod roles;
mod traps;
