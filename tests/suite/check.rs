//! `sada check` and `sada run` refuse a wrong configuration with the field, the place and the mend.

use std::process::{Command, Output};

use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, SADA};

fn output(command: &mut Command) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8(text).unwrap())
}

/// `sada check` on a file with this text.
fn check(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sada.toml");
    std::fs::write(&file, text).unwrap();
    output(Command::new(SADA).arg("check").arg("--config").arg(file))
}

/// Exit code 2, and every one of these words in the message.
fn refused((code, text): (Option<i32>, String), words: &[&str]) {
    assert_eq!(code, Some(2), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in:\n{text}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    refused(
        check("[kafka]\nbrokers = \"localhost:9092\"\ntopic = \"reviews\"\n"),
        &["sada.toml:3", "topic", "mend:"],
    );
}

#[test]
fn a_bad_value_is_refused_with_its_line_and_field() {
    refused(
        check("[batch]\nrows = 0\n"),
        &[
            "sada.toml:2",
            "batch.rows",
            "0 is out of range",
            "mend: give 1 to 1000000",
        ],
    );
    refused(
        check("[batch]\ntime = \"soon\"\n"),
        &["sada.toml:2", "batch.time", "1s"],
    );
    refused(check("[batch\nrows = 5"), &["sada.toml:1", "mend:"]);
}

#[test]
fn what_becomes_of_personal_data_is_checked() {
    refused(
        check("[privacy]\n\n[privacy.kinds]\nname = \"mask\"\nphone = \"hmac\"\n"),
        &[
            "sada.toml:5",
            "privacy.kinds.phone",
            "privacy.key_file",
            "mend:",
        ],
    );
    refused(
        check("[privacy]\nkinds = { secret = \"keep\" }\n"),
        &["sada.toml", "privacy.kinds.secret", "mend:"],
    );
    refused(
        check("[privacy.kinds]\nfax = \"mask\"\n"),
        &["sada.toml:2", "fax", "passport", "mend:"],
    );
    refused(
        check("[privacy.kinds]\nphone = \"hide\"\n"),
        &["sada.toml:2", "hide", "hmac", "mend:"],
    );
}

#[test]
fn an_expected_language_that_is_none_is_refused_with_those_that_are() {
    refused(
        check("[language]\nexpected = [\"fa\", \"farsi\"]\n"),
        &[
            "sada.toml:2",
            "language.expected",
            "\"farsi\" is no language",
            "mend: name any of af, ar, ar-Latn, ",
            ", zh, zh-Hans, zh-Hant, zu",
        ],
    );
    let mut command = Command::new(SADA);
    command
        .arg("check")
        .env("SADA_LANGUAGE_EXPECTED", "fa, und");
    refused(output(&mut command), &["language.expected", "\"und\""]);
    let (_, text) = check("[language]\nexpected = [\"fa\", \"FA-latn\"]\nmodel = \"none.bin\"\n");
    for part in [
        "ok       configuration",
        "none.bin: language.model",
        "sada train language",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_unreachable_broker_is_refused() {
    refused(
        check("[kafka]\nbrokers = \"127.0.0.1:1\"\n[clickhouse]\nurl = \"http://127.0.0.1:1\"\n"),
        &[
            "kafka.brokers",
            "127.0.0.1:1",
            "clickhouse.url",
            "privacy.key_file",
            "3 to mend",
        ],
    );
}

#[test]
fn a_missing_topic_and_a_missing_table_are_refused() {
    let kafka = KafkaServer::shared().unwrap();
    let d = Deployment::new("check_missing", kafka.bootstrap(), "");
    for command in ["check", "run"] {
        refused(
            output(Command::new(SADA).arg(command).arg("--config").arg(&d.file)),
            &[
                "check_missing.feedback does not exist",
                "kafka-topics.sh",
                "sada migrate",
            ],
        );
    }
}

#[test]
fn a_topic_of_erasures_that_forgets_is_refused_and_a_compacted_feed_is_warned_of() {
    let kafka = KafkaServer::shared().unwrap();
    let name = "check_compacted";
    let d = Deployment::new(name, kafka.bootstrap(), "");
    let text = std::fs::read_to_string(&d.file).unwrap();
    let erasure = format!("erasure_topic = \"{name}.erasure\"\n[clickhouse]\n");
    let feed = format!(
        "\n[[operations.feeds]]\nentity = \"order\"\ntopic = \"{name}.orders\"\nformat = \"cloudevents\"\n"
    );
    std::fs::write(&d.file, text.replace("[clickhouse]\n", &erasure) + &feed).unwrap();
    kafka.create_topic(&d.topic(), 2).unwrap();
    kafka.create_topic(&d.dead_letter_topic(), 1).unwrap();
    kafka
        .create_compacted_topic(&format!("{name}.orders"), 1)
        .unwrap();
    assert!(d.sada("migrate").status.success());
    let check = || output(Command::new(SADA).arg("check").arg("--config").arg(&d.file));
    refused(
        check(),
        &[
            "check_compacted.erasure does not exist",
            "--config cleanup.policy=compact",
        ],
    );

    kafka.create_topic(&format!("{name}.erasure"), 1).unwrap();
    for command in ["check", "run"] {
        refused(
            output(Command::new(SADA).arg(command).arg("--config").arg(&d.file)),
            &[
                "cleanup.policy of check_compacted.erasure is delete",
                "kafka-configs.sh",
            ],
        );
    }

    std::fs::write(&d.file, text + &feed).unwrap();
    let (code, text) = check();
    assert_eq!(code, Some(0), "{text}");
    let warned = "warning  operations.feeds: check_compacted.orders is compacted";
    assert!(text.contains(warned), "{text}");
}

#[test]
fn a_missing_library_is_refused() {
    let absent = "/nowhere/libchdb.so";
    refused(
        output(
            Command::new(SADA)
                .args(["check", "--embedded"])
                .env("SADA_LIBCHDB", absent),
        ),
        &[absent, "make libchdb"],
    );
    let folder = tempfile::tempdir().unwrap();
    refused(
        output(
            Command::new(SADA)
                .args(["run", "--port", "0", "--embedded"])
                .arg(folder.path())
                .env("SADA_LIBCHDB", absent),
        ),
        &[absent, "make libchdb"],
    );
}

#[test]
fn a_wrong_variable_is_refused_by_its_name() {
    refused(
        output(
            Command::new(SADA)
                .arg("check")
                .env("SADA_BATCH_ROWS", "many"),
        ),
        &["SADA_BATCH_ROWS", "batch.rows", "many"],
    );
}

#[test]
fn no_refusal_prints_a_secret() {
    let secret = "SuperSecret123";
    let in_url = format!("[clickhouse]\nurl = \"http://u:{secret}@127.0.0.1:1\"\n");
    let number = "[kafka.properties]\n\"sasl.password\" = 77007700\n";
    let variable =
        |name: &str, value: String| output(Command::new(SADA).arg("check").env(name, value));
    for (answer, field) in [
        (check(&in_url), "clickhouse.url"),
        (check(number), "kafka.properties"),
        (
            variable(
                "SADA_CLICKHOUSE_URL",
                format!("http://u:{secret}@127.0.0.1:1"),
            ),
            "clickhouse.url",
        ),
        (
            variable(
                "SADA_KAFKA_PROPERTIES",
                format!("{{'sasl.password':'{secret}'}}"),
            ),
            "kafka.properties",
        ),
    ] {
        assert!(
            !answer.1.contains(secret) && !answer.1.contains("77007700"),
            "{}",
            answer.1
        );
        refused(answer, &[field, "mend:"]);
    }
}

#[test]
fn a_property_that_delivery_rests_on_is_refused() {
    refused(
        check("[kafka.properties]\n\"enable.auto.commit\" = \"true\"\n"),
        &["kafka.properties", "enable.auto.commit", "remove it"],
    );
}

#[test]
fn a_property_that_librdkafka_does_not_know_is_refused() {
    refused(
        check("[kafka.properties]\n\"sasl.mechanismus\" = \"PLAIN\"\n"),
        &["kafka.properties", "sasl.mechanismus"],
    );
}

#[test]
fn a_sound_deployment_passes() {
    let kafka = KafkaServer::shared().unwrap();
    let d = Deployment::new("check_sound", kafka.bootstrap(), "");
    kafka.create_topic(&d.topic(), 2).unwrap();
    kafka.create_topic(&d.dead_letter_topic(), 1).unwrap();
    assert!(d.sada("migrate").status.success());
    let (code, text) = output(Command::new(SADA).arg("check").arg("--config").arg(&d.file));
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("check_sound.feedback (2 partitions)"),
        "{text}"
    );
}
