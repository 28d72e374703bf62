//! All integration tests in one program, so that the language models are linked once.

#[path = "suite/config_example.rs"]
mod config_example;
#[path = "suite/kafka_server.rs"]
mod kafka_server;
#[path = "suite/load.rs"]
mod load;
