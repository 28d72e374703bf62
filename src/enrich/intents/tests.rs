use super::cues::Cue;
use super::*;
use crate::enrich::Label;
use crate::text;

fn built_in() -> Cues {
    Cues::built_in().unwrap_or_else(|error| panic!("{error}"))
}

fn signals_of(cues: &Cues, text: &str, sentiment: Sentiment) -> (Signals, Vec<&'static str>) {
    let clean = text::clean(text);
    let matched = MatchForm::of(&clean);
    let clauses = Clauses::of(&matched.text, sentiment, |_| sentiment);
    cues.signals(&clean, &matched, &clauses)
}

fn signals(cues: &Cues, text: &str) -> Signals {
    signals_of(cues, text, Sentiment::UNKNOWN).0
}

fn wants(cues: &Cues, text: &str) -> String {
    let intents = signals(cues, text).intents;
    let names: Vec<&str> = intents.iter().map(|intent| intent.want.name()).collect();
    names.join(" ")
}

#[track_caller]
fn check(pairs: &[(&str, &str)]) {
    let cues = built_in();
    for (text, wanted) in pairs {
        assert_eq!(wants(&cues, text), *wanted, "{text}");
    }
}

#[test]
fn the_built_in_cues_are_whole() {
    let file: toml::Table = include_str!("../../../models/cues.toml").parse().unwrap();
    let cues = built_in();
    assert_eq!(file["version"].as_str(), Some(cues.version()));
    let mut phrases = 0;
    for cue in file["cue"].as_array().unwrap() {
        let says = cue["says"].as_str().unwrap();
        let lists = cue["phrases"].as_table().unwrap();
        for language in ["en", "ar", "fa", "zh"] {
            assert!(lists.contains_key(language), "{says} {language}");
        }
        for list in lists.values() {
            for phrase in list.as_array().unwrap() {
                let phrase = phrase.as_str().unwrap();
                let form = MatchForm::of(&text::clean(phrase)).text;
                let found = cues.mentions(&form);
                assert!(!found.is_empty(), "{says}: nothing holds in {phrase}");
                phrases += 1;
            }
        }
    }
    assert!(phrases > 5_000);
}

#[test]
fn negated_cues_are_none() {
    let cues = built_in();
    for text in [
        "No complaints so far.",
        "لا شكاوى حتى الآن.",
        "فعلا شکایتی نیست",
        "شکایتی ندارم",
        "暂时没有投诉",
        "没有不满",
    ] {
        assert_eq!(wants(&cues, text), "other", "{text}");
    }
    for text in [
        "I'm not angry about the size",
        "عصبانی نیستم",
        "ماني معصب",
        "我没生气",
        "ich bin nicht wütend",
    ] {
        assert_eq!(signals(&cues, text).emotion, None, "{text}");
    }
    assert_eq!(signals(&cues, "عصبانی هستم").emotion, Some(Emotion::Anger));
    assert_eq!(signals(&cues, "我很生气").emotion, Some(Emotion::Anger));
}

#[test]
fn polite_requests_are_no_questions() {
    check(&[
        ("Could you send me a new lid?", "request"),
        ("میشه لطفا آدرس سفارشم رو عوض کنید؟", "request"),
        ("ممكن ترسلون لي غطاء بديل؟", "request"),
        ("能不能补寄一个给我？", "request"),
        ("What are your opening hours on Monday?", "question"),
        ("请问周末可以带狗吗？", "question"),
        ("Who is your supervisor?", "escalation"),
    ]);
}

#[test]
fn loyalty_is_no_threat_and_a_threat_is_one() {
    let cues = built_in();
    for text in [
        "I would never go anywhere else for my glasses.",
        "I used to think about switching banks every month. Now I stay.",
        "ما أغيّر هالحلاق لو وش صار",
        "جای دیگه هم نمیرم",
        "以前老想换银行，现在踏实了",
    ] {
        assert!(!wants(&cues, text).contains("churn_risk"), "{text}");
    }
    for text in [
        "Won't buy anything from this brand again.",
        "عقدنا ينتهي في يونيو ولن نجدده.",
        "قرارداد را تمدید نخواهیم کرد.",
        "再也不买这牌子",
    ] {
        assert!(wants(&cues, text).contains("churn_risk"), "{text}");
    }
}

#[test]
fn words_inside_other_words_signal_nothing() {
    let cues = built_in();
    let kit = signals(&cues, "The urgent care kit is well stocked");
    assert_eq!(kit.urgency, Urgency::default());
    assert!(!signals(&cues, "Damn good coffee").profanity);
    assert!(signals(&cues, "a bunch of f***ing idiots").profanity);
    assert!(signals(&cues, "这群傻*").profanity);
    assert!(!signals(&cues, "Came again with my sister and loved it").repeated_problem);
    assert!(signals(&cues, "called three times, still not fixed").repeated_problem);
}

#[test]
fn urgency_has_a_reason() {
    let cues = built_in();
    for (text, reason) in [
        (
            "There's a burning smell coming from the heater",
            Reason::Safety,
        ),
        ("من فضلك بسرعة", Reason::Asked),
        ("账户一直在扣钱", Reason::Money),
        ("باید تا فردا ظهر برسه", Reason::Deadline),
    ] {
        let urgency = signals(&cues, text).urgency;
        assert_eq!(urgency.reason, Some(reason), "{text}");
        assert!(urgency.score >= 0.5, "{text}");
    }
}

#[test]
fn places_and_effort_are_told() {
    let cues = built_in();
    let told = signals(
        &cues,
        "Paid in two taps, the checkout could not be simpler.",
    );
    assert!(told.effort.is_some_and(|effort| effort > 0));
    assert_eq!(told.touchpoint, Some("checkout"));
    assert_eq!(told.purchase_phase, Some("purchase"));
    let hard = signals(&cues, "Had to explain it from scratch to every chat agent");
    assert!(hard.effort.is_some_and(|effort| effort < 0));
    assert_eq!(hard.touchpoint, Some("support_chat"));
    assert_eq!(signals(&cues, "Second floor, left door").effort, None);
}

#[test]
fn debris_is_flagged() {
    let cues = built_in();
    let flags = |text: &str| signals_of(&cues, text, Sentiment::UNKNOWN).1;
    assert_eq!(
        flags("我是一个语言模型AI，无法回答"),
        [debris::LLM_ARTIFACT]
    );
    assert_eq!(flags("Great product\nRead more"), [debris::BOILERPLATE]);
    assert_eq!(flags("the best of of them"), [debris::MT_SUSPECT]);
    assert!(flags("I want to read more about the model").is_empty());
}

#[test]
fn evidence_is_bytes_of_the_clean_text() {
    let clean = "بسته\u{200C}بندی خوبه، لطفا فاکتور را بفرستید";
    let request = signals(&built_in(), clean);
    let request = request.intents.iter().find(|i| i.want == Want::Request);
    assert_eq!(&clean[request.unwrap().evidence.clone()], "لطفا");
}

#[test]
fn who_says_nothing_wants_nothing() {
    let cues = built_in();
    assert!(signals(&cues, "...").intents.is_empty());
    assert!(signals(&cues, "").intents.is_empty());
    assert_eq!(wants(&cues, "Size 42, black."), "other");
    let pleased = Sentiment {
        label: Label::Positive,
        score: 0.95,
        confidence: 0.96,
    };
    let (praise, _) = signals_of(&cues, "👍👍", pleased);
    assert_eq!(praise.intents.len(), 1);
    assert!(!praise.actionable);
    assert!(
        cues.mentions("refund")
            .iter()
            .all(|m| m.cue != Cue::Profanity)
    );
}
