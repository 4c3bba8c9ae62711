//! Tests through the public interface, one module per question.

mod catalogue;
mod real_data;
