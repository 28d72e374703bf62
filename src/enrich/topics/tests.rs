use super::*;
use crate::enrich::Label;
use crate::text;
use std::cell::RefCell;
use std::sync::LazyLock;

fn built_in() -> &'static Taxonomy {
    static BUILT_IN: LazyLock<Taxonomy> =
        LazyLock::new(|| Taxonomy::built_in().unwrap_or_else(|error| panic!("{error}")));
    &BUILT_IN
}

fn tag<F: Fn(&Range<usize>) -> Sentiment>(
    taxonomy: &Taxonomy,
    clean: &str,
    matched: &MatchForm,
    clauses: &Clauses<F>,
) -> Vec<Topic> {
    let about = About {
        tokens: &Tokens::of(&matched.text),
        language: &Language::UNKNOWN,
        thing: None,
    };
    taxonomy.tag(clean, matched, clauses, &about)
}

fn tags(taxonomy: &Taxonomy, text: &str) -> Vec<Topic> {
    let clean = text::clean(text);
    let matched = MatchForm::of(&clean);
    let unknown = Clauses::of(&matched.text, Sentiment::UNKNOWN, |_| Sentiment::UNKNOWN);
    tag(taxonomy, &clean, &matched, &unknown)
}

fn ids(taxonomy: &Taxonomy, text: &str) -> String {
    let topics = tags(taxonomy, text);
    let ids: Vec<&str> = topics.iter().map(|topic| &*topic.id).collect();
    ids.join(" ")
}

#[track_caller]
fn check(pairs: &[(&str, &str)]) {
    let taxonomy = built_in();
    for (text, wanted) in pairs {
        assert_eq!(ids(taxonomy, text), *wanted, "{text}");
    }
}

#[test]
fn the_built_in_taxonomy_is_whole() {
    let taxonomy = built_in();
    assert_eq!((taxonomy.groups().len(), taxonomy.topics().len()), (12, 65));
    for topic in taxonomy.topics().iter().chain(taxonomy.groups()) {
        for language in ["en", "ar", "fa", "zh"] {
            assert!(
                topic.names.contains_key(language),
                "{} {language}",
                topic.id
            );
        }
    }
    assert_eq!(taxonomy.name("delivery_delay", "fa"), Some("تأخیر ارسال"));
    assert_eq!(taxonomy.name("delivery", "sw"), Some("Delivery"));
    assert_eq!(taxonomy.name("nothing", "en"), None);
}

#[test]
fn every_keyword_finds_its_topic() {
    let taxonomy = built_in();
    let file: toml::Table = BUILT_IN.parse().unwrap();
    let mut keywords = 0;
    for topic in file["topic"].as_array().unwrap() {
        for words in topic["keywords"].as_table().unwrap().values() {
            for word in words.as_array().unwrap() {
                let (id, word) = (topic["id"].as_str().unwrap(), word.as_str().unwrap());
                assert_eq!(ids(taxonomy, word), id, "{word}");
                keywords += 1;
            }
        }
    }
    assert!(keywords > 2000);
    for topic in taxonomy.topics() {
        let entry = file["topic"].as_array().unwrap().iter();
        let mut entry = entry.filter(|entry| entry["id"].as_str() == Some(&*topic.id));
        let keywords = entry.next().unwrap()["keywords"].as_table().unwrap();
        for language in ["en", "ar", "fa", "zh"] {
            assert!(keywords.contains_key(language), "{} {language}", topic.id);
        }
    }
}

#[test]
fn words_with_two_meanings_are_told_apart() {
    check(&[
        // Polite "your".
        ("希望贵公司改进", ""),
        ("贵公司的东西太贵了", "price_level"),
        // Discount, or money taken.
        ("استخدمت كود الخصم", "promotion_discount"),
        ("فيه خصم كبير", "promotion_discount"),
        ("تم خصم 50 ريال بدون سبب", "unexpected_charge"),
        ("خصموا المبلغ مرتين", "double_charge"),
        // Expectation, or waiting.
        ("بهتر از انتظار بود", ""),
        ("زمان انتظار خیلی زیاد بود", "support_wait_time"),
        // Negation is no topic and hides none.
        ("بد نبود", ""),
        ("مش وحش", ""),
        ("不差", ""),
        ("غذا بد نبود", "food_beverage"),
        ("الاكل مش وحش", "food_beverage"),
        ("味道不差", "food_beverage"),
        ("not broken at all", "product_defect"),
    ]);
}

#[test]
fn the_longest_keyword_wins() {
    check(&[
        ("the delivery man smiled", "delivery_courier"),
        ("the delivery was quick", "delivery_delay"),
        ("快递小哥很好", "delivery_courier"),
        ("快递很快", "delivery_delay"),
        ("خدمة العملاء ممتازة", "support_resolution"),
        ("الخدمة ممتازة", "staff_hospitality"),
        ("سرعت اینترنت کم شده", "internet_speed"),
        ("refund policy", "return_policy"),
    ]);
}

#[test]
fn keywords_are_words_not_pieces_of_words() {
    check(&[
        ("collate translates", ""),
        ("costume basketball", ""),
        ("بیمارستان", ""),
        ("والتوصيل", "delivery_delay"),
        ("كالتغليف", "delivery_packaging"),
        ("کیفیتهایشان", "product_quality"),
        ("بالفندق غرفهم", "room_facility"),
        ("coupons", "promotion_discount"),
        ("배송이", "delivery_delay"),
    ]);
}

#[test]
fn english_sentences() {
    check(&[
        ("My card was declined three times", "payment_failure"),
        ("They charged me twice for one order", "double_charge"),
        ("I never received my order", "delivery_lost"),
        ("The parcel never arrived", "delivery_lost"),
        (
            "I had to explain my problem again to every agent",
            "support_repeat_problem",
        ),
        ("Can I talk to a human please", "support_bot"),
        (
            "The room was clean but breakfast was cold",
            "cleanliness food_beverage",
        ),
        ("can't log in since the update", "login_access"),
        ("There are hidden fees everywhere", "price_transparency"),
        ("The app crashes whenever I open it", "app_crash"),
        (
            "Great value, will buy again",
            "value_for_money brand_loyalty",
        ),
        (
            "They promised a call and nothing happened",
            "broken_promise",
        ),
    ]);
}

#[test]
fn persian_sentences() {
    check(&[
        (
            "بسته\u{200C}بندی عالی ولی خیلی گران",
            "delivery_packaging price_level",
        ),
        ("گوشی شکسته به دستم رسید", "product_defect"),
        ("هنوز سفارشم نرسیده", "delivery_lost"),
        ("پولم برنگشت", "refund_delay"),
        ("برنامه هنگ می کند", "app_crash"),
        ("پشتیبانی جواب نمی\u{200C}دهند", "support_wait_time"),
        ("پشتيباني جواب نمي دهند", "support_wait_time"),
        ("کارشناس بی ادب بود", "support_agent_attitude"),
        ("دو بار از حسابم کم شد", "double_charge"),
        ("اتاق ها تمیز بودند", "cleanliness"),
        ("کد تخفیف کار نکرد", "promotion_discount"),
        ("اینترنت قطع میشه", "network_outage"),
        ("کیفیت خوبی داشت", "product_quality"),
        ("به همه پیشنهاد می کنم", "brand_loyalty"),
    ]);
}

#[test]
fn arabic_sentences() {
    check(&[
        (
            "التوصيل متأخر والتغليف سيئ",
            "delivery_delay delivery_packaging",
        ),
        ("المنتج تالف", "product_defect"),
        ("ما رجعوا فلوسي", "refund_delay"),
        ("محد يرد علي", "support_wait_time"),
        ("الموظف وقح", "staff_hospitality"),
        ("التطبيق يعلق كل يوم", "app_crash"),
        ("الغرفة نظيفة والفطور لذيذ", "cleanliness food_beverage"),
        ("السعر غالي جدا", "price_level"),
        ("النت مقطوع من امس", "network_outage"),
        ("كل مرة أشرح نفس المشكلة", "support_repeat_problem"),
        ("أنصح به بشدة", "brand_loyalty"),
        ("هذا احتيال", "scam_fraud"),
    ]);
}

#[test]
fn chinese_sentences() {
    check(&[
        (
            "物流太慢了，包装也破损",
            "delivery_delay delivery_packaging product_defect",
        ),
        ("客服态度很差", "support_agent_attitude"),
        ("不給退款", "refund_delay"),
        ("房间很干净，早餐好吃", "cleanliness food_beverage"),
        ("價格便宜質量好", "price_level product_quality"),
        ("一打开就闪退", "app_crash"),
        ("重复扣款了", "double_charge"),
        ("网速很慢", "internet_speed"),
        ("是假货", "product_authenticity"),
        ("下次还会再来", "brand_loyalty"),
        ("转人工要等半小时", "support_wait_time"),
        ("酒店位置不错", "location"),
    ]);
}

#[test]
fn each_mention_carries_the_sentiment_of_its_clause() {
    let taxonomy = built_in();
    let text = "The Room was lovely and quiet. But the food was cold, the food was bad.";
    let asked = RefCell::new(Vec::new());
    let matched = MatchForm::of(text);
    let clauses = Clauses::of(&matched.text, Sentiment::UNKNOWN, |clause| {
        let clause = &matched.text[clause.clone()];
        asked.borrow_mut().push(clause.to_owned());
        let label = if clause.contains("cold") {
            Label::Negative
        } else {
            Label::Positive
        };
        Sentiment {
            label,
            score: 0.5,
            confidence: 0.5,
        }
    });
    let topics = tag(taxonomy, text, &matched, &clauses);
    let found: Vec<_> = topics
        .iter()
        .map(|t| (&*t.id, &*t.l1, t.sentiment.label, &text[t.evidence.clone()]))
        .collect();
    assert_eq!(
        found,
        [
            ("room_facility", "hospitality", Label::Positive, "Room was"),
            ("food_beverage", "hospitality", Label::Negative, "the food"),
        ]
    );
    assert_eq!(asked.borrow().len(), 2, "once a clause: {asked:?}");
    assert!(topics[1].confidence > topics[0].confidence);
}

#[test]
fn words_that_stand_together_tell_of_a_topic() {
    let taxonomy = |rule: &str| {
        Taxonomy::parse(&format!(
            "version = \"1\"\n[[group]]\nid = \"a\"\nname = {{ en = \"A\" }}\n\
             [words.en]\nbox = [\"box\", \"parcel\"]\n\
             [[topic]]\nid = \"fee\"\ngroup = \"a\"\nname = {{ en = \"F\" }}\nnot = [\"box office\"]\n\
             [topic.keywords]\nen = [\"surcharge\"]\n[topic.together]\nen = [\"{rule}\"]\n\
             [[topic]]\nid = \"delivery\"\ngroup = \"a\"\nname = {{ en = \"D\" }}\n\
             [topic.keywords]\nen = [\"parcel\"]\n"
        ))
    };
    let found = taxonomy("<box> + fee|cost + late").unwrap_or_else(|error| panic!("{error}"));
    for (text, wanted) in [
        // Any order, one clause; the shorter keyword is hidden.
        ("a late fee on my parcel", "fee"),
        ("the box came late, and at what cost", "fee"),
        // A part is missing, stands in another sentence, or too far away.
        ("my parcel has a fee", "delivery"),
        (
            "my parcel came late. Nobody mentioned a fee before that",
            "delivery",
        ),
        (
            "my parcel came late and while I waited for it at home I read a good long book about the cost",
            "delivery",
        ),
        // Not a box.
        ("the box office was late with the fee", ""),
        ("surcharge", "fee"),
    ] {
        assert_eq!(ids(&found, text), wanted, "{text}");
    }
    let topics = tags(&found, "Yes: a late fee on my parcel!");
    assert_eq!(topics[0].evidence, 7..28);
    for (rule, part) in [
        ("late", "has 1 part(s); write 2 to 4"),
        ("<bag> + late", "add its words to [words.en]"),
        ("… + late", "without letter or digit"),
    ] {
        let error = taxonomy(rule)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(
            error.contains("topic `fee`") && error.contains(part),
            "{error}"
        );
    }
}

#[test]
fn evidence_is_bytes_of_the_clean_text() {
    let taxonomy = built_in();
    let clean = "خب، بسته\u{200C}بندی‌اش همین";
    let topics = tags(taxonomy, clean);
    assert_eq!(&clean[topics[0].evidence.clone()], "بسته\u{200C}بندی");
}

#[test]
fn broken_files_are_refused_with_line_topic_and_mend() {
    const GROUP: &str = "version = \"1\"\n[[group]]\nid = \"a\"\nname = { en = \"A\" }\n";
    let topic = |id: &str, group: &str, words: &str| {
        format!(
            "[[topic]]\nid = \"{id}\"\ngroup = \"{group}\"\nname = {{ en = \"T\" }}\n\
             [topic.keywords]\nen = [{words}]\n"
        )
    };
    let error = |toml: String| match Taxonomy::parse(&toml) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted"),
    };
    let one = topic("x", "a", "\"late\"");
    assert!(Taxonomy::parse(&format!("{GROUP}{one}")).is_ok());
    for (toml, parts) in [
        (GROUP.to_owned(), ["no [[topic]]", "add one"]),
        (format!("{GROUP}{one}{one}"), ["line 12: `x`", "another id"]),
        (
            format!("{GROUP}{}", topic("x", "b", "\"late\"")),
            ["line 6: topic `x`", "known groups: a"],
        ),
        (
            format!("{GROUP}{}", topic("x", "a", "")),
            ["line 6: topic `x`", "add some"],
        ),
        (
            format!("{GROUP}{}", topic("x", "a", "\"…\"")),
            ["line 6: keyword `…`", "remove it"],
        ),
        (
            format!("{GROUP}{one}{}", topic("y", "a", "\"LATE\"")),
            ["line 12: keyword `LATE` of topic `y`", "topic `x`"],
        ),
        (format!("{GROUP}{one}colour = 1\n"), ["line 11", "shape"]),
        ("version = 1".to_owned(), ["line 1", "shape"]),
        (
            GROUP.replace("en =", "fr ="),
            ["line 3: `a`", "English name"],
        ),
    ] {
        let message = error(toml);
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}
