//! Tables, views and sink against the real ClickHouse engine.

#![allow(clippy::unwrap_used, clippy::panic)] // what helps the tests may fail them

use std::sync::Arc;

use clickhouse::Client;
use sada::batch::{
    Computed, DecodeError, EnrichedBatch, Offsets, Outcome, OutcomeKind, Partition, RawBatch,
    Reason, Rejected, SkipReason,
};
use sada::config::{Config, Engine};
use sada::enrich::intents::{self, Emotion, Urgency, Want};
use sada::enrich::{Enriched, Intent, Label, Language, Sentiment, Signals, Tags, Topic, Versions};
use sada::feedback::{
    Answer, AnswerType, Body, Context, Conversation, Customer, Feedback, Millis, Rating,
    References, Review, Role, Scale, Survey, Turn,
};
use sada::odata::Joined;
use sada::pipeline::{Sink, SinkError};
use sada::warehouse::migrations::{MIGRATIONS, Migration, State, migrate, template, verify};
use sada::warehouse::{self, Evidence, FeedbackSink, error, migrations};

use crate::support::engine;

/// 2026-01-15T10:00:00Z.
const JANUARY: Millis = 1_768_471_200_000;
const DAY: Millis = 86_400_000;

/// A configuration with a database of its own.
fn config(database: &str) -> Config {
    let mut config = Config::default();
    config.clickhouse.url = engine().url();
    config.clickhouse.database = database.to_owned();
    config
}

/// A database with all tables.
struct Warehouse {
    config: Config,
    client: Client,
    sink: Sinks,
}

/// The sinks of the warehouse, in the order of the pipeline.
struct Sinks {
    rows: FeedbackSink,
    evidence: Evidence,
}

impl Sinks {
    fn new(config: &Config) -> Self {
        let (rows, evidence) = warehouse::sinks(config).unwrap();
        Self { rows, evidence }
    }

    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        self.rows.write(batch).await?;
        self.evidence.write(batch).await
    }
}

impl Warehouse {
    async fn new(database: &str) -> Self {
        let config = config(database);
        migrations::apply(&config).await.unwrap();
        let client = warehouse::client(&config.clickhouse)
            .unwrap()
            .with_database(database);
        let sink = Sinks::new(&config);
        Self {
            config,
            client,
            sink,
        }
    }

    async fn write(&self, items: Vec<Enriched>) {
        self.sink.write(&batch(0, items)).await.unwrap();
    }

    /// All rows of a query, one a line, columns separated by tabs.
    async fn rows(&self, sql: &str) -> Vec<String> {
        let bytes = self.client.query(sql).fetch_bytes("TabSeparated");
        let bytes = bytes
            .unwrap()
            .collect()
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        String::from_utf8(bytes.to_vec())
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    async fn run(&self, sql: &str) {
        self.client
            .query(sql)
            .execute()
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

/// A batch of rows at consecutive offsets.
fn batch(first: i64, items: Vec<Enriched>) -> EnrichedBatch {
    let rows = items
        .into_iter()
        .map(|item| OutcomeKind::Row(Box::new(item)));
    batch_of(first, rows.collect())
}

fn batch_of(first: i64, kinds: Vec<OutcomeKind>) -> EnrichedBatch {
    let partition = Partition {
        topic: "feedback".into(),
        stream: "0b4f7c52-5c1e-4f0e-9f63-2f6f6f0a7a10".into(),
        number: 3,
    };
    let last = first + kinds.len() as i64 - 1;
    let outcomes = (first..).zip(kinds).map(|(offset, kind)| Outcome {
        offset,
        time: JANUARY,
        kind,
    });
    EnrichedBatch {
        offsets: Offsets {
            partition: partition.clone(),
            epoch: 1,
            range: first..=last,
            last_time: 0,
        },
        outcomes: outcomes.collect(),
        computed: Computed::STREAM,
        raw: RawBatch::new(partition, 1),
    }
}

fn sentiment(label: Label) -> Sentiment {
    Sentiment {
        label,
        score: 0.5,
        confidence: 0.75,
    }
}

fn item(id: &str, body: Body, text: &str, label: Label) -> Enriched {
    Enriched {
        feedback: Feedback {
            tenant: "shop".into(),
            source: "web".into(),
            id: id.into(),
            version: 1,
            deleted: false,
            created_at: JANUARY,
            channel: "app".into(),
            customer: Customer::default(),
            context: Context::default(),
            references: References::default(),
            extra: Vec::new(),
            body,
            unknown_fields: 0,
            truncated: false,
        },
        tags: Tags {
            language: Language {
                base: "fa",
                tag: "fa",
                confidence: 0.9,
            },
            sentiment: sentiment(label),
            ..Tags::untagged(text.into())
        },
        parts: Vec::new(),
        redactions: sada::enrich::privacy::Redactions::default(),
        versions: Arc::new(Versions {
            models: "m1".into(),
            taxonomy: "t1".into(),
        }),
        joined: Joined::default(),
    }
}

fn review(id: &str, text: &str) -> Enriched {
    let body = Review {
        body: text.into(),
        ..Review::default()
    };
    item(id, Body::Review(body), text, Label::Negative)
}

fn turn(seq: u32, role: Role, text: &str) -> Turn {
    Turn {
        id: format!("t{seq}"),
        seq,
        role,
        sent_at: JANUARY + 1_000 * i64::from(seq),
        body: text.into(),
        ..Turn::default()
    }
}

fn answer(kind: AnswerType, number: f64, scale: Option<(f64, f64, bool)>) -> Answer {
    Answer {
        question_id: kind.name().into(),
        question: "How was it?".into(),
        kind,
        number: Some(number),
        text: String::new(),
        boolean: None,
        choices: Vec::new(),
        scale: scale.map(|(min, max, higher_better)| Scale {
            min,
            max,
            higher_better,
        }),
    }
}

fn survey(id: &str, submitted_at: Millis, answers: Vec<Answer>) -> Enriched {
    let body = Survey {
        survey_id: "s1".into(),
        name: "After delivery".into(),
        kind: "transactional".into(),
        complete: true,
        submitted_at,
        answers,
    };
    item(id, Body::Survey(body), "", Label::Unknown)
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_every_column_is_described() {
    let config = config("migrated");
    let client = warehouse::client(&config.clickhouse).unwrap();
    let run = |dry| migrate(&client, &config.clickhouse, &MIGRATIONS, dry);
    let refused = verify(&config).await.unwrap_err();
    assert!(refused.mend.contains("sada migrate"), "{refused}");

    let planned = run(true).await.unwrap();
    assert!(
        planned
            .iter()
            .all(|s| s.state == State::Applied && !s.statements.is_empty())
    );
    assert!(verify(&config).await.is_err(), "a dry run changes nothing");
    assert_eq!(run(false).await.unwrap(), planned);
    let again = run(false).await.unwrap();
    assert!(
        again
            .iter()
            .all(|s| s.state == State::Present && s.statements.is_empty())
    );
    assert!(verify(&config).await.unwrap().contains("database migrated"));

    let made: Vec<String> = client
        .query("SELECT name FROM system.tables WHERE database = 'migrated' ORDER BY name")
        .fetch_all()
        .await
        .unwrap();
    let mut listed = migrations::RELATIONS.to_vec();
    listed.sort();
    assert_eq!(made, listed);
    let silent: Vec<String> = client
        .query(
            "SELECT table || '.' || name FROM system.columns
             WHERE database = 'migrated' AND comment = ''
             UNION ALL SELECT name FROM system.tables WHERE database = 'migrated' AND comment = ''",
        )
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_past_and_a_newer_database_are_refused() {
    let warehouse = Warehouse::new("refusing").await;
    let clickhouse = &warehouse.config.clickhouse;
    let mut changed = MIGRATIONS;
    changed[1].template = "CREATE TABLE {database}.feedback (x UInt8) ENGINE = Null";
    let refused = migrate(&warehouse.client, clickhouse, &changed, false)
        .await
        .unwrap_err();
    let causes = format!("{:#}", anyhow::Error::from(refused));
    assert!(causes.contains("002 feedback was changed"), "{causes}");

    let older = &MIGRATIONS[..5];
    let refused = migrate(&warehouse.client, clickhouse, older, false)
        .await
        .unwrap_err();
    let causes = format!("{:#}", anyhow::Error::from(refused));
    assert!(causes.contains("newer than this program"), "{causes}");
}

#[tokio::test]
async fn a_failed_migration_is_named_and_repeated_when_mended() {
    let warehouse = Warehouse::new("failing").await;
    let clickhouse = &warehouse.config.clickhouse;
    let next = |template| {
        let migration = Migration {
            number: MIGRATIONS.len() as u32 + 1,
            name: "next",
            template,
        };
        [&MIGRATIONS[..], &[migration]].concat()
    };
    let broken =
        next("CREATE VIEW IF NOT EXISTS {database}.a AS SELECT 1; SELECT * FROM {database}.gone");
    let error = migrate(&warehouse.client, clickhouse, &broken, false)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(" next failed") && error.contains("gone"),
        "{error}"
    );
    let mended = next("CREATE VIEW IF NOT EXISTS {database}.a AS SELECT 1; SELECT ';'");
    let steps = migrate(&warehouse.client, clickhouse, &mended, false)
        .await
        .unwrap();
    assert_eq!(steps.last().map(|s| s.state), Some(State::Applied));
}

#[tokio::test]
async fn a_table_that_forgets_inserts_or_is_gone_is_refused() {
    let warehouse = Warehouse::new("forgetting").await;
    warehouse
        .run("ALTER TABLE ingested MODIFY SETTING non_replicated_deduplication_window = 0")
        .await;
    let refused = verify(&warehouse.config).await.unwrap_err();
    assert!(
        refused.message.contains("forgetting.ingested forgets"),
        "{refused}"
    );
    warehouse.run("DROP VIEW v_nps").await;
    let refused = verify(&warehouse.config).await.unwrap_err();
    assert!(refused.message.contains("v_nps"), "{refused}");
}

#[tokio::test]
async fn the_time_to_live_follows_the_configuration() {
    let mut warehouse = Warehouse::new("keeping").await;
    let ttl = "SELECT countIf(engine_full LIKE '%TTL toDateTime(created_at) + toIntervalYear(3)%'),
               countIf(engine_full LIKE '%TTL%') FROM system.tables WHERE database = 'keeping'";
    for (duration, states, expected) in [
        (Some("3 YEAR"), 1, "1\t1"),
        (Some("3 YEAR"), 0, "1\t1"),
        (Some("2 month"), 1, "0\t1"),
        (None, 1, "0\t0"),
        (None, 0, "0\t0"),
    ] {
        let wanted = duration.map(|d| ("feedback".to_owned(), d.to_owned()));
        warehouse.config.clickhouse.ttl = wanted.into_iter().collect();
        let steps = migrations::apply(&warehouse.config).await.unwrap();
        let changed = steps.iter().filter(|s| s.state == State::Applied).count();
        assert_eq!(changed, states, "{duration:?}");
        assert_eq!(warehouse.rows(ttl).await, [expected], "{duration:?}");
    }
}

#[test]
fn replicated_tables_on_a_cluster() {
    let mut clickhouse = Config::default().clickhouse;
    clickhouse.engine = Engine::Replicated;
    clickhouse.cluster = "main".into();
    let sql = template::render(MIGRATIONS[2].template, &clickhouse);
    insta::assert_snapshot!("ingested_replicated", sql);
    for migration in MIGRATIONS {
        let sql = template::render(migration.template, &clickhouse);
        for statement in template::statements(&sql) {
            let kind = statement.split(' ').next().unwrap_or_default();
            assert!(["CREATE", "ALTER"].contains(&kind), "{statement}");
            assert!(statement.contains("ON CLUSTER `main`"), "{statement}");
            let table = statement.starts_with("CREATE TABLE");
            assert_eq!(
                table,
                statement.contains("ENGINE = Replicated"),
                "{statement}"
            );
        }
    }
}

#[tokio::test]
async fn every_outcome_of_a_batch_is_stored_once_however_often_it_is_written() {
    let warehouse = Warehouse::new("stored").await;
    let mut rated = review("r1", "بد بود");
    let Body::Review(body) = &mut rated.feedback.body else {
        unreachable!()
    };
    body.rating = Some(Rating {
        value: 2.0,
        worst: 1.0,
        best: 5.0,
    });
    body.aspect_ratings = vec![(
        "size".into(),
        Rating {
            value: 3.0,
            worst: 1.0,
            best: 5.0,
        },
    )];
    rated.feedback.extra = vec![("shop".into(), "north".into())];
    rated.feedback.customer.consent_analytics = Some(true);
    // An item of another year falls into another ClickHouse partition of the same insert.
    let mut old = review("r2", "قدیمی");
    old.feedback.created_at = JANUARY - 3_650 * DAY;
    let rejected = Rejected {
        key: Vec::new(),
        payload: b"{".to_vec(),
        headers: Vec::new(),
        error: DecodeError {
            reason: Reason::MalformedJson,
            field: "data".into(),
            message: "ends in an object".into(),
        },
    };
    let batch = batch_of(
        7,
        vec![
            OutcomeKind::Row(Box::new(rated)),
            OutcomeKind::DeadLetter(Box::new(rejected)),
            OutcomeKind::Skipped(SkipReason::Tombstone),
            OutcomeKind::Row(Box::new(old)),
        ],
    );
    for _ in 0..3 {
        warehouse.sink.write(&batch).await.unwrap();
    }
    assert_eq!(
        warehouse
            .rows(
                "SELECT feedback_id, kind, text, rating, aspect_ratings.aspect, extra['shop'],
                 consent_analytics, created_at, _partition, _offset, _stream, model_version
                 FROM feedback ORDER BY _offset"
            )
            .await,
        [
            "r1\treview\tبد بود\t2\t['size']\tnorth\ttrue\t2026-01-15 10:00:00.000\t3\t7\t0b4f7c52-5c1e-4f0e-9f63-2f6f6f0a7a10\tm1",
            "r2\treview\tقدیمی\t\\N\t[]\t\t\\N\t2016-01-18 10:00:00.000\t3\t10\t0b4f7c52-5c1e-4f0e-9f63-2f6f6f0a7a10\tm1",
        ]
    );
    assert_eq!(
        warehouse
            .rows("SELECT offset, outcome, reason, consumer_group FROM ingested ORDER BY offset")
            .await,
        [
            "7\trow\t\tsada",
            "8\tdead_letter\tmalformed_json\tsada",
            "9\tskipped\ttombstone\tsada",
            "10\trow\t\tsada",
        ]
    );
    assert_eq!(
        warehouse
            .rows(
                "SELECT partition, offset, reason, field, message, payload_size,
                 payload_hash = xxh3('{') FROM dead_letters"
            )
            .await,
        ["3\t8\tmalformed_json\tdata\tends in an object\t1\t1"]
    );
    let proved = "SELECT count() FROM ingested AS i JOIN feedback AS f
                  ON i.stream = f._stream AND i.partition = f._partition AND i.offset = f._offset
                  WHERE i.item_hash = xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id))
                  AND i.version = f.version AND i.revision = f._revision";
    assert_eq!(warehouse.rows(proved).await, ["2"]);
}

#[tokio::test]
async fn another_range_group_or_stream_is_another_insert() {
    let mut warehouse = Warehouse::new("tokens").await;
    let count = "SELECT count() FROM ingested";
    warehouse
        .sink
        .write(&batch(0, vec![review("a", "x"), review("b", "x")]))
        .await
        .unwrap();
    warehouse
        .sink
        .write(&batch(0, vec![review("a", "x")]))
        .await
        .unwrap();
    assert_eq!(warehouse.rows(count).await, ["3"]);
    let mut other = batch(0, vec![review("a", "x")]);
    other.offsets.partition.stream = "another life".into();
    warehouse.sink.write(&other).await.unwrap();
    assert_eq!(warehouse.rows(count).await, ["4"]);
    warehouse.config.kafka.group = "others".into();
    let sink = Sinks::new(&warehouse.config);
    sink.write(&other).await.unwrap();
    assert_eq!(warehouse.rows(count).await, ["5"]);
}

#[tokio::test]
async fn the_newest_version_holds_whatever_came_first_and_deleted_items_are_hidden() {
    let warehouse = Warehouse::new("versions").await;
    let versioned = |id: &str, version: u64, text: &str| {
        let mut item = review(id, text);
        item.feedback.version = version;
        item
    };
    let mut deleted = versioned("gone", 2, "");
    deleted.feedback.deleted = true;
    warehouse
        .write(vec![
            versioned("late", 5, "new"),
            versioned("late", 4, "old"),
            versioned("same", 1, "first offset"),
            versioned("same", 1, "second offset"),
            versioned("gone", 1, "there once"),
            deleted,
        ])
        .await;
    // As a repair would: the same version and offset, one revision more.
    warehouse
        .run(
            "INSERT INTO feedback SELECT * REPLACE ('repaired' AS text, _revision + 1 AS _revision)
             FROM feedback WHERE feedback_id = 'late' AND version = 5",
        )
        .await;
    assert_eq!(
        warehouse
            .rows("SELECT feedback_id, text FROM feedback_latest ORDER BY feedback_id")
            .await,
        ["late\trepaired", "same\tsecond offset"]
    );
    let bits = "SELECT bitShiftRight(_row_version, 84) = version
                AND bitAnd(bitShiftRight(_row_version, 40), 17592186044415) = _offset
                AND bitAnd(_row_version, 1099511627775) = _revision FROM feedback";
    assert!(warehouse.rows(bits).await.iter().all(|row| row == "1"));
    warehouse.run("OPTIMIZE TABLE feedback FINAL").await;
    assert_eq!(warehouse.rows("SELECT count() FROM feedback").await, ["3"]);
}

#[tokio::test]
async fn topics_unfold_with_the_words_that_mention_them() {
    let warehouse = Warehouse::new("topics").await;
    let topic = |id: &str, part: u32, evidence| Topic {
        id: id.into(),
        l1: "delivery".into(),
        sentiment: sentiment(Label::Negative),
        confidence: 0.5,
        part,
        evidence,
    };
    let mut said = review("r", "ارسال دیر رسید");
    let start = "ارسال ".len();
    said.tags.topics = vec![topic("delivery_delay", 0, start..start + "دیر رسید".len())];
    let turns = vec![
        turn(1, Role::Agent, "hello"),
        turn(2, Role::Customer, "never came"),
    ];
    let conversation = Conversation {
        turns,
        ..Conversation::default()
    };
    let mut chat = item(
        "c",
        Body::Conversation(conversation),
        "never came",
        Label::Negative,
    );
    chat.tags.topics = vec![topic("delivery_lost", 2, 0..5)];
    warehouse.write(vec![said, chat]).await;
    assert_eq!(
        warehouse
            .rows("SELECT kind, topic, l1, sentiment, score, mention FROM feedback_topics ORDER BY kind")
            .await,
        [
            "conversation\tdelivery_lost\tdelivery\tnegative\t0.5\tnever",
            "review\tdelivery_delay\tdelivery\tnegative\t0.5\tدیر رسید",
        ]
    );
}

#[tokio::test]
async fn turns_unite_whole_conversations_and_single_messages() {
    let warehouse = Warehouse::new("turns").await;
    let conversation = Conversation {
        turns: vec![
            turn(1, Role::Customer, "no signal"),
            turn(2, Role::Agent, "we look"),
        ],
        ..Conversation::default()
    };
    let mut whole = item(
        "c1",
        Body::Conversation(conversation),
        "no signal",
        Label::Negative,
    );
    whole.parts = vec![sentiment(Label::Negative), Sentiment::UNKNOWN];
    let mut message = item(
        "m1",
        Body::Message(turn(3, Role::Customer, "谢谢")),
        "谢谢",
        Label::Positive,
    );
    message.feedback.references.conversation_id = "c2".into();
    // Fewer sentiments than turns must not spoil the batch.
    let body = Conversation {
        turns: vec![turn(1, Role::Bot, "hi")],
        ..Conversation::default()
    };
    let silent = item("c3", Body::Conversation(body), "", Label::Unknown);
    warehouse.write(vec![whole, message, silent]).await;
    assert_eq!(
        warehouse
            .rows(
                "SELECT conversation_id, kind, turn_id, seq, role, text, sentiment, sent_at
                 FROM turns ORDER BY conversation_id, seq"
            )
            .await,
        [
            "c1\tconversation\tt1\t1\tcustomer\tno signal\tnegative\t2026-01-15 10:00:01.000",
            "c1\tconversation\tt2\t2\tagent\twe look\tunknown\t2026-01-15 10:00:02.000",
            "c2\tmessage\tt3\t3\tcustomer\t谢谢\tpositive\t2026-01-15 10:00:03.000",
            "c3\tconversation\tt1\t1\tbot\thi\tunknown\t2026-01-15 10:00:01.000",
        ]
    );
}

#[tokio::test]
async fn what_a_text_signals_is_stored_as_it_was_found() {
    let warehouse = Warehouse::new("signals").await;
    let mut angry = review("r1", "third time late, call me today");
    angry.feedback.context.journey_stage = "engagement".into();
    angry.tags.signals = Signals {
        intents: vec![
            Intent {
                want: Want::Complaint,
                part: 0,
                evidence: 0..15,
            },
            Intent {
                want: Want::Request,
                part: 0,
                evidence: 17..24,
            },
        ],
        urgency: Urgency {
            score: 0.5,
            reason: Some(intents::Reason::Asked),
        },
        actionable: true,
        emotion: Some(Emotion::Anger),
        effort: Some(-3),
        repeated_problem: true,
        touchpoint: Some("delivery"),
        ..Signals::default()
    };
    angry.tags.match_hash = u64::MAX;
    warehouse.write(vec![angry, review("r2", "ok")]).await;
    assert_eq!(
        warehouse
            .rows(
                "SELECT intents.name, intents.part, intents.start, intents.end, urgency,
                 urgency_reason, actionable, emotion, effort, profanity, repeated_problem,
                 journey_stage, purchase_phase, text_journey_stage, text_touchpoint, match_hash
                 FROM feedback_latest ORDER BY feedback_id"
            )
            .await,
        [
            "['complaint','request']\t[0,0]\t[0,17]\t[15,24]\t0.5\tasked\ttrue\tanger\t-3\tfalse\ttrue\t\
             engagement\t\t\tdelivery\t18446744073709551615",
            "[]\t[]\t[]\t[]\t0\t\tfalse\t\\N\t\\N\tfalse\tfalse\t\t\t\t\t0",
        ]
    );
}

#[tokio::test]
async fn near_duplicates_are_counted_once_an_item() {
    let warehouse = Warehouse::new("duplicates").await;
    let item = |id: &str, day: i64, source: &str, hash: u64| {
        let mut item = review(id, "text");
        item.feedback.created_at += day * DAY;
        item.feedback.source = source.into();
        item.tags.match_hash = hash;
        item
    };
    let mut newer = item("a", 0, "web", 7);
    newer.feedback.version = 2;
    let mut gone = item("e", 9, "web", 7);
    gone.feedback.deleted = true;
    warehouse
        .write(vec![
            item("a", 0, "web", 7),
            newer,
            item("b", 3, "app", 7),
            item("c", 1, "web", 7),
            gone,
            item("d", 1, "web", 8),
            item("x", 1, "web", 0),
            item("y", 1, "web", 0),
        ])
        .await;
    assert_eq!(
        warehouse
            .rows(
                "SELECT tenant, match_hash, n, first_at, last_at, platforms, customers
                 FROM v_near_duplicates"
            )
            .await,
        ["shop\t7\t3\t2026-01-15 10:00:00.000\t2026-01-18 10:00:00.000\t['app','web']\t1"]
    );
}

#[tokio::test]
async fn answers_unfold_with_their_scales() {
    let warehouse = Warehouse::new("answers").await;
    let mut text = answer(AnswerType::Text, 0.0, None);
    text.number = None;
    text.text = "خوب".into();
    let mut choice = answer(AnswerType::MultiChoice, 0.0, None);
    choice.number = None;
    choice.choices = vec!["a".into(), "b".into()];
    let effort = answer(AnswerType::Ces, 2.0, Some((1.0, 7.0, false)));
    warehouse
        .write(vec![survey("s", JANUARY, vec![effort, text, choice])])
        .await;
    assert_eq!(
        warehouse
            .rows(
                "SELECT type, number, text, choices, scale_min, scale_max, higher_better,
                 survey_complete, sentiment FROM survey_answers ORDER BY type"
            )
            .await,
        [
            "ces\t2\t\t[]\t1\t7\tfalse\ttrue\tunknown",
            "multi_choice\t\\N\t\t['a','b']\t\\N\t\\N\t\\N\ttrue\tunknown",
            "text\t\\N\tخوب\t[]\t\\N\t\\N\t\\N\ttrue\tunknown",
        ]
    );
}

#[tokio::test]
async fn nps_equals_the_score_computed_by_hand() {
    let warehouse = Warehouse::new("nps").await;
    // 50 promoters, 30 passives, 20 detractors, half of them on the next day.
    let scores = [
        (9.0, 25),
        (10.0, 25),
        (7.0, 15),
        (8.0, 15),
        (0.0, 10),
        (6.0, 10),
    ];
    let all = scores
        .into_iter()
        .flat_map(|(score, times)| std::iter::repeat_n(score, times));
    let responses = all.enumerate().map(|(i, score)| {
        let day = JANUARY + (i as i64 % 2) * DAY;
        survey(
            &format!("s{i}"),
            day,
            vec![answer(AnswerType::Nps, score, None)],
        )
    });
    let mut items: Vec<Enriched> = responses.collect();
    // A correction replaces the answer it corrects; another measure does not count.
    let mut corrected = survey("s0", JANUARY, vec![answer(AnswerType::Nps, 10.0, None)]);
    corrected.feedback.version = 2;
    items.push(corrected);
    items.push(survey(
        "other",
        JANUARY,
        vec![answer(AnswerType::Csat, 1.0, None)],
    ));
    warehouse.write(items).await;
    // p = 0.5, d = 0.2: 30 points, 100 * sqrt((0.7 - 0.09) / 100) = 7.8102, ± 15.3081.
    assert_eq!(
        warehouse
            .rows(
                "SELECT survey_name, period_start, n, promoters, passives, detractors, nps,
                 round(standard_error, 4), round(low, 4), round(high, 4)
                 FROM v_nps WHERE period = 'month'"
            )
            .await,
        ["After delivery\t2026-01-01\t100\t50\t30\t20\t30\t7.8102\t14.6919\t45.3081"]
    );
    assert_eq!(
        warehouse
            .rows("SELECT period_start, n FROM v_nps WHERE period = 'day' ORDER BY period_start")
            .await,
        ["2026-01-15\t50", "2026-01-16\t50"]
    );
}

#[tokio::test]
async fn csat_counts_the_two_best_values_of_each_scale() {
    let warehouse = Warehouse::new("csat").await;
    let scales = [
        (4.0, None),                      // satisfied
        (3.0, None),                      // not
        (5.0, Some((1.0, 5.0, true))),    // satisfied
        (6.0, Some((1.0, 7.0, true))),    // satisfied
        (5.0, Some((1.0, 7.0, true))),    // not
        (2.0, Some((1.0, 5.0, false))),   // satisfied: lower is better
        (4.0, Some((1.0, 5.0, false))),   // not
        (1.0, Some((0.0, 1.0, true))),    // good or bad: another measure
        (99.0, Some((0.0, 100.0, true))), // no boxes
    ];
    let responses = scales.into_iter().enumerate().map(|(i, (number, scale))| {
        survey(
            &format!("s{i}"),
            JANUARY,
            vec![answer(AnswerType::Csat, number, scale)],
        )
    });
    warehouse.write(responses.collect()).await;
    // Wilson for 4 of 7 at z = 1.96: 25.05 to 84.18 %.
    assert_eq!(
        warehouse
            .rows(
                "SELECT n, satisfied, round(csat, 2), round(low, 2), round(high, 2)
                 FROM v_csat_t2b WHERE period = 'day'"
            )
            .await,
        ["7\t4\t57.14\t25.05\t84.18"]
    );
}

#[tokio::test]
async fn daily_sentiment_counts_what_customers_say() {
    let warehouse = Warehouse::new("daily").await;
    let labelled = |id: &str, label| item(id, Body::Review(Review::default()), "x", label);
    let said = |role, private| Turn {
        private,
        ..turn(1, role, "x")
    };
    let message = |id: &str, turn| item(id, Body::Message(turn), "x", Label::Negative);
    let mut silent = labelled("f", Label::Unknown);
    silent.tags.language.base = "und";
    warehouse
        .write(vec![
            labelled("a", Label::Negative),
            labelled("b", Label::Positive),
            labelled("c", Label::Neutral),
            labelled("d", Label::Mixed),
            labelled("e", Label::Unknown),
            silent,
            message("m1", said(Role::Customer, false)),
            message("m2", said(Role::Agent, false)),
            message("m3", said(Role::Customer, true)),
        ])
        .await;
    // Wilson for 2 of 5 at z = 1.96: 0.1176 to 0.7693.
    assert_eq!(
        warehouse
            .rows(
                "SELECT day, language, channel, n, negative, neutral, positive, mixed, unknown,
                 negative_share, round(low, 4), round(high, 4) FROM v_sentiment_daily ORDER BY n DESC"
            )
            .await,
        [
            "2026-01-15\tfa\tapp\t6\t2\t1\t1\t1\t1\t0.4\t0.1176\t0.7693",
            "2026-01-15\tund\tapp\t1\t0\t0\t0\t0\t1\t\\N\t\\N\t\\N",
        ]
    );
}

#[tokio::test]
async fn real_errors_are_told_apart() {
    let warehouse = Warehouse::new("errors").await;
    let batch = batch(0, vec![review("a", "x")]);
    warehouse.run("DROP TABLE ingested").await;
    let SinkError::Permanent(message) = warehouse.sink.write(&batch).await.unwrap_err() else {
        panic!("a missing table never passes by itself");
    };
    assert!(message.contains("errors.ingested"), "{message}");
    warehouse
        .run("ALTER TABLE feedback DROP COLUMN extra")
        .await;
    let sink = Sinks::new(&warehouse.config);
    assert!(!sink.write(&batch).await.unwrap_err().is_transient());

    let mut nowhere = warehouse.config.clone();
    nowhere.clickhouse.url = "http://127.0.0.1:1".into();
    let sink = Sinks::new(&nowhere);
    assert!(sink.write(&batch).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn codes_of_transient_errors_have_the_names_that_the_engine_gives_them() {
    let client = warehouse::client(&config("default").clickhouse).unwrap();
    for (code, name) in error::TRANSIENT.into_iter().chain(error::ROW) {
        let sql = "SELECT toString(errorCodeToName(?))";
        let told: String = client.query(sql).bind(code).fetch_one().await.unwrap();
        assert_eq!(told, name, "{code}");
    }
}
