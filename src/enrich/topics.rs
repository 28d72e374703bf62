//! Topics by the taxonomy: keywords on the match form, the longest one wins.
//!
//! A keyword is a word or phrase in any language; all languages are looked for at once, so that
//! code-switching and an unsure language do no harm. Polarity is no part of a topic: `delicious`
//! and `bland` both mean `food_beverage`, and the clause around the mention tells how it felt.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::clauses::Clauses;
use super::phrases::evidence;
use super::{Language, Sentiment, Topic};
use crate::text::MatchForm;

mod keywords;
mod parse;
pub mod trained;

pub use parse::TaxonomyError;

use keywords::{Keywords, Mention};

/// The taxonomy that comes with the program.
const BUILT_IN: &str = include_str!("../../models/taxonomy.toml");

/// The taxonomy with its keywords, ready to match.
pub struct Taxonomy {
    version: String,
    groups: Vec<Definition>,
    topics: Vec<Definition>,
    keywords: Keywords,
    trained: Option<Trained>,
}

/// A topic as the taxonomy defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Level-2 id (`delivery_delay`), or a level-1 id (`delivery`).
    pub id: Arc<str>,
    /// Level-1 id; of a level-1 topic its own.
    pub l1: Arc<str>,
    /// Name for people by language.
    pub names: HashMap<String, String>,
}

impl Taxonomy {
    /// Reads `models/taxonomy.toml` or a user's own.
    ///
    /// # Errors
    /// Says line, topic and mend of what is wrong.
    pub fn parse(toml: &str) -> Result<Self, TaxonomyError> {
        parse::taxonomy(toml)
    }

    /// The taxonomy that comes with the program.
    ///
    /// # Errors
    /// Never, as a test holds; the file is read by the same parser as a user's own.
    pub fn built_in() -> Result<Self, TaxonomyError> {
        Self::parse(BUILT_IN)
    }

    /// Version told by the file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Level-2 topics in the file's order.
    pub fn topics(&self) -> &[Definition] {
        &self.topics
    }

    /// Level-1 topics in the file's order.
    pub fn groups(&self) -> &[Definition] {
        &self.groups
    }

    /// Name of a topic of either level in a language, else in English.
    pub fn name(&self, id: &str, language: &str) -> Option<&str> {
        let mut all = self.topics.iter().chain(&self.groups);
        let names = &all.find(|topic| *topic.id == *id)?.names;
        names
            .get(language)
            .or_else(|| names.get("en"))
            .map(String::as_str)
    }

    /// Adds what a trained model knows of these topics; those of the model that the taxonomy lacks
    /// are not found.
    pub fn with(mut self, model: trained::Model) -> Self {
        let index = |id: &String| self.topics.iter().position(|topic| *topic.id == **id);
        let topics = model.parts().topics.iter().map(index).collect();
        self.trained = Some(Trained { model, topics });
        self
    }

    /// Version of the trained model, if there is one.
    pub fn model_version(&self) -> Option<&str> {
        self.trained.as_ref().map(|trained| trained.model.version())
    }

    /// Number of a kind of things that may be reviewed, among those that the trained model tells
    /// apart.
    ///
    /// # Errors
    /// There is no such kind; the error holds their names.
    pub fn thing(&self, name: &str) -> Result<usize, Vec<String>> {
        let model = self.trained.as_ref().map(|trained| &trained.model);
        let thing = model.and_then(|model| model.thing(name));
        thing.ok_or_else(|| model.map_or_else(Vec::new, |model| model.parts().things.clone()))
    }

    /// Topics of a text, each at its first mention, with the sentiment of the clause around it.
    ///
    /// Confidence of keywords grows with the mentions: 1 − 0.4ⁿ, so 0.6 for one, 0.84 for two. In
    /// languages that the trained model knows, it adds topics that no keyword tells of.
    pub fn tag<F: Fn(&str) -> Sentiment>(
        &self,
        clean: &str,
        matched: &MatchForm,
        clauses: &Clauses<F>,
        about: &About,
    ) -> Vec<Topic> {
        let mut found: BTreeMap<usize, Finding> = BTreeMap::new();
        for Mention { topic, range } in self.mentions(&matched.text, clauses) {
            let doubt = found
                .get(&topic)
                .map_or(1.0, |known| 1.0 - known.confidence);
            let finding = found.entry(topic).or_insert(Finding {
                range,
                confidence: 0.0,
            });
            finding.confidence = 1.0 - 0.4 * doubt;
        }
        if let Some(trained) = &self.trained {
            trained.add(&mut found, &matched.text, clauses, about);
        }
        let topic = |(topic, finding): (usize, Finding)| {
            let definition = self.topics.get(topic)?;
            Some(Topic {
                id: definition.id.clone(),
                l1: definition.l1.clone(),
                sentiment: clauses.sentiment_at(finding.range.start),
                confidence: finding.confidence,
                part: 0,
                evidence: evidence(clean, matched, finding.range),
            })
        };
        let mut topics: Vec<Topic> = found.into_iter().filter_map(topic).collect();
        topics.sort_by_key(|topic| topic.evidence.start);
        topics
    }

    /// Topics that keywords alone tell of, in the order of the text, each as often as it is mentioned.
    pub fn told_by_keywords(&self, matched: &str) -> impl Iterator<Item = &Definition> {
        let clauses = Clauses::of(matched, Sentiment::UNKNOWN, |_| Sentiment::UNKNOWN);
        let mentions = self.mentions(matched, &clauses).into_iter();
        mentions.filter_map(|mention| self.topics.get(mention.topic))
    }

    fn mentions<F: Fn(&str) -> Sentiment>(
        &self,
        matched: &str,
        clauses: &Clauses<F>,
    ) -> Vec<Mention> {
        self.keywords.mentions(matched, |at| clauses.index_at(at))
    }
}

/// What is known about a text beside its words.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its language, as found.
    pub language: &'a Language,
    /// What is reviewed, as [`Taxonomy::thing`] numbers it, where that is told.
    pub thing: Option<usize>,
}

/// A topic found.
struct Finding {
    /// Evidence: bytes of the match form.
    range: Range<usize>,
    confidence: f32,
}

/// A trained model, and which topic of the taxonomy each of its topics is.
struct Trained {
    model: trained::Model,
    topics: Vec<Option<usize>>,
}

/// How much surer the trained model has to be than is best on reviews of the kinds that it knows,
/// where nobody tells that the text is one: feedback of other kinds is more often not about its topics.
/// Chosen on the dev lines of our own lists.
const CAUTION: f32 = 1.0;

impl Trained {
    /// Adds the topics that the model tells of. A topic of a text is one of the whole or of a clause;
    /// the clause that says it clearest is the evidence.
    fn add<F: Fn(&str) -> Sentiment>(
        &self,
        found: &mut BTreeMap<usize, Finding>,
        text: &str,
        clauses: &Clauses<F>,
        about: &About,
    ) {
        let Some(language) = self.model.index_of(about.language) else {
            return;
        };
        let whole = self.model.logits(text, language);
        let parts = self.model.parts();
        let (held_back, threshold) = match about.thing {
            Some(thing) => (self.model.ruled_out(thing), parts.known),
            None => (self.model.held_back(&whole), parts.unknown + CAUTION),
        };
        let ranges: Vec<Range<usize>> = clauses.ranges().collect();
        let said: Vec<trained::Said> = match ranges.len() {
            0 | 1 => Vec::new(),
            _ => (ranges.iter().filter_map(|range| text.get(range.clone())))
                .map(|clause| self.model.logits(clause, language))
                .collect(),
        };
        for (index, topic) in self.topics.iter().enumerate() {
            let Some(topic) = topic else { continue };
            let clearest = said.iter().enumerate();
            let clearest = clearest.max_by(|a, b| a.1.topics[index].total_cmp(&b.1.topics[index]));
            let (clause, in_clause) =
                clearest.map_or((0, f32::NEG_INFINITY), |(n, said)| (n, said.topics[index]));
            let logit = whole.topics[index].max(in_clause) + held_back[index];
            if logit <= threshold {
                continue;
            }
            let chance = 1.0 / (1.0 + (-logit).exp());
            let finding = found.entry(*topic).or_insert_with(|| Finding {
                range: trimmed(text, ranges.get(clause).cloned().unwrap_or(0..text.len())),
                confidence: 0.0,
            });
            finding.confidence = 1.0 - (1.0 - finding.confidence) * (1.0 - chance);
        }
    }
}

/// A range without the spaces and marks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let words = text.get(range.clone()).unwrap_or_default();
    let is_mark = |c: char| !c.is_alphanumeric();
    let start = words.len() - words.trim_start_matches(is_mark).len();
    let end = words.trim_end_matches(is_mark).len().max(start);
    range.start + start..range.start + end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::Label;
    use crate::text;
    use std::cell::RefCell;
    use std::sync::LazyLock;

    const ABOUT_NOTHING: About = About {
        language: &Language::UNKNOWN,
        thing: None,
    };

    fn built_in() -> &'static Taxonomy {
        static BUILT_IN: LazyLock<Taxonomy> =
            LazyLock::new(|| Taxonomy::built_in().unwrap_or_else(|error| panic!("{error}")));
        &BUILT_IN
    }

    fn tags(taxonomy: &Taxonomy, text: &str) -> Vec<Topic> {
        let clean = text::clean(text);
        let matched = MatchForm::of(&clean);
        let unknown = Clauses::of(&matched.text, Sentiment::UNKNOWN, |_| Sentiment::UNKNOWN);
        taxonomy.tag(&clean, &matched, &unknown, &ABOUT_NOTHING)
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
            (
                "房间很干净，早餐好吃",
                "room_facility cleanliness food_beverage",
            ),
            ("價格便宜質量好", "price_level value_for_money"),
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
        let topics = taxonomy.tag(text, &matched, &clauses, &ABOUT_NOTHING);
        let found: Vec<_> = topics
            .iter()
            .map(|t| (&*t.id, &*t.l1, t.sentiment.label, &text[t.evidence.clone()]))
            .collect();
        assert_eq!(
            found,
            [
                ("room_facility", "hospitality", Label::Positive, "The Room"),
                ("ambience", "hospitality", Label::Positive, "quiet"),
                ("food_beverage", "hospitality", Label::Negative, "food"),
            ]
        );
        assert_eq!(asked.borrow().len(), 2, "once a clause: {asked:?}");
        assert!(topics[2].confidence > topics[1].confidence);
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
}
