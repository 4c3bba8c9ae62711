//! The conformance suite for ledgers.
