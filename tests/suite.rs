//! All integration tests in one program, so that the language models are linked once.

#[path = "suite/architecture.rs"]
mod architecture;
#[path = "suite/check.rs"]
mod check;
#[path = "suite/delivery.rs"]
mod delivery;
#[path = "suite/demo.rs"]
mod demo;
#[path = "suite/kafka_server.rs"]
mod kafka_server;
#[path = "suite/schemas.rs"]
mod schemas;
#[path = "suite/support.rs"]
mod support;
