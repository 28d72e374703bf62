//! All integration tests in one program, so that the language models are linked once.

// Functions that only tests call are tests too, but clippy does not see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "suite/architecture.rs"]
mod architecture;
#[path = "suite/chaos.rs"]
mod chaos;
#[path = "suite/check.rs"]
mod check;
#[path = "suite/config_example.rs"]
mod config_example;
#[path = "suite/delivery.rs"]
mod delivery;
#[path = "suite/demo.rs"]
mod demo;
#[path = "suite/embedded_crate.rs"]
mod embedded_crate;
#[path = "suite/embedded_curl.rs"]
mod embedded_curl;
#[path = "suite/embedded_process.rs"]
mod embedded_process;
#[path = "suite/embedded_python_java.rs"]
mod embedded_python_java;
#[path = "suite/embedded_stack.rs"]
mod embedded_stack;
#[path = "suite/erase.rs"]
mod erase;
#[path = "suite/eval_language.rs"]
mod eval_language;
#[path = "suite/eval_lists.rs"]
mod eval_lists;
#[path = "suite/events.rs"]
mod events;
#[path = "suite/fault_proxy.rs"]
mod fault_proxy;
#[path = "suite/hangup.rs"]
mod hangup;
#[path = "suite/hard_cases.rs"]
mod hard_cases;
#[path = "suite/health.rs"]
mod health;
#[path = "suite/index.rs"]
mod index;
#[path = "suite/kafka.rs"]
mod kafka;
#[path = "suite/kafka_server.rs"]
mod kafka_server;
#[path = "suite/language_fuzz.rs"]
mod language_fuzz;
#[path = "suite/load.rs"]
mod load;
#[path = "suite/measures.rs"]
mod measures;
#[path = "suite/odata_schemas.rs"]
mod odata_schemas;
#[path = "suite/privacy.rs"]
mod privacy;
#[path = "suite/reconcile.rs"]
mod reconcile;
#[path = "suite/recovery.rs"]
mod recovery;
#[path = "suite/repair.rs"]
mod repair;
#[path = "suite/repair_volume.rs"]
mod repair_volume;
#[path = "suite/replay.rs"]
mod replay;
#[path = "suite/retag.rs"]
mod retag;
#[path = "suite/row_versions.rs"]
mod row_versions;
#[path = "suite/schemas.rs"]
mod schemas;
#[path = "suite/stalled.rs"]
mod stalled;
#[path = "suite/support.rs"]
mod support;
#[path = "suite/tables.rs"]
mod tables;
#[path = "suite/tag_explain.rs"]
mod tag_explain;
#[path = "suite/tag_language.rs"]
mod tag_language;
#[path = "suite/train_sentiment.rs"]
mod train_sentiment;
#[path = "suite/volume.rs"]
mod volume;
#[path = "suite/warehouse.rs"]
mod warehouse;
#[path = "suite/xo.rs"]
mod xo;
