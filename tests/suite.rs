//! All integration tests in one program, so that the language models are linked once.

#[path = "suite/kafka_server.rs"]
mod kafka_server;
#[path = "suite/support.rs"]
mod support;
#[path = "suite/warehouse.rs"]
mod warehouse;
