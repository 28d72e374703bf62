use super::*;

const TAXONOMY: &str = r#"
    version = "1"
    [[group]]
    id = "delivery"
    name = { en = "Delivery" }
    [[topic]]
    id = "delivery_delay"
    group = "delivery"
    name = { en = "Late" }
    keywords = { en = ["late"] }
    [[topic]]
    id = "delivery_courier"
    group = "delivery"
    name = { en = "Courier" }
    keywords = { en = ["courier"] }
"#;

fn fitted() -> Fitted {
    let taxonomy = Taxonomy::parse(TAXONOMY).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..40).map(|n| {
        format!(
            "train\tdelivery_delay:neg\tstill waiting for parcel {n}, weeks by now\n\
             train\tdelivery_courier:neg\tthe driver number {n} shouted at us\n\
             train\tdelivery_delay:neg delivery_courier:neg\t{n} weeks, and the driver shouted\n\
             train\t-\tthanks a lot, {n}\n"
        )
    });
    std::fs::write(folder.path().join("en.tsv"), lines.collect::<String>()).unwrap();
    let reviews = [Set {
        language: "en".into(),
        name: "hotels".into(),
        rows: (0..40)
            .map(|n| data::Row {
                text: format!("room {n} with a lovely view"),
                gold: Gold {
                    topics: 0,
                    sentiment: None,
                },
            })
            .collect(),
    }];
    let corpus = read(folder.path(), &taxonomy, &reviews).unwrap();
    assert_eq!(corpus.texts[0].train.len() + corpus.texts[0].dev.len(), 160);
    let settings = Settings {
        bits: 10,
        ..Settings::default()
    };
    fit(corpus, &settings)
}

#[test]
fn topics_and_reviews_are_learned_and_learned_alike_again() {
    let Fitted { linear, texts, f1 } = fitted();
    assert_eq!(fitted().linear, linear);
    assert_eq!((&*texts[0].0, f1), ("en", 1.0));
    let said = |text: &str| {
        let logits = linear.logits(Tokens::of(&matched(text)).whole());
        (logits[0] > logits[1], linear.is_review(&logits))
    };
    assert_eq!(linear.topics, ["delivery_courier", "delivery_delay"]);
    assert_eq!(said("my driver shouted"), (true, false));
    assert_eq!(said("waiting for weeks"), (false, false));
    assert!(said("a room with a view").1);
}

#[test]
fn wrong_labels_are_told_with_their_line() {
    let taxonomy = Taxonomy::parse(TAXONOMY).unwrap();
    for (label, told) in [
        (
            "price_level:neg",
            "line 1: the taxonomy has no topic price_level",
        ),
        (
            "delivery_delay",
            "line 1: delivery_delay: write topic, colon",
        ),
        (
            "delivery_delay:bad",
            "line 1: delivery_delay:bad: write topic, colon",
        ),
        ("delivery_delay:neg", "too few texts"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("train\t{label}\tdear\n");
        std::fs::write(folder.path().join("en.tsv"), line).unwrap();
        let error = format!("{:#}", read(folder.path(), &taxonomy, &[]).err().unwrap());
        assert!(error.contains(told), "{error}");
    }
}
