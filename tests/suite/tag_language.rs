//! `sada tag` on the awkward texts that customers write: which language it must say, and which flags.
//! All texts are written for this test.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Text, `language_tag`, tags of `languages`.
type Case = (&'static str, &'static str, &'static [&'static str]);

/// Persian with Arabic letters, without ZWNJ, stretched, پچژگ as بجزك, in presentation forms, with vowel
/// marks and mixed digits.
#[rustfmt::skip]
const BROKEN_PERSIAN: [Case; 10] = [
    ("كيفيتش خوب بود ولي بسته بندي افتضاح", "fa", &["fa"]),
    ("اين گوشي خيلي كند است و باتري زود تمام ميشود", "fa", &["fa"]),
    ("میخواستم پس بدهم ولی نمیشود چون مهلتش گذشته", "fa", &["fa"]),
    ("نمی شود با پشتیبانی تماس گرفت، هیچ کس جواب نمی دهد", "fa", &["fa"]),
    ("عااالی بوووود، خیـــلی ممنـــون از ارسال ســـریع", "fa", &["fa"]),
    ("بشتيباني جوابكو نيست و هيج كس بيكيري نميكند", "fa", &["fa"]),
    ("كيرم بولم را بس ندهند، من ديكر از اينجا جيزي نميخرم", "fa", &["fa"]),
    ("ﺑﺴﺘﻪ ﺩﯾﺮ ﺭﺳﯿﺪ ﻭ ﺧﺮﺍﺏ ﺑﻮﺩ", "fa", &["fa"]),
    ("بَسته\u{200C}بَندی خُوب بود وَلی اِرسال دیر شُد", "fa", &["fa"]),
    ("۵ تا سفارش دادم فقط ٣ تا رسید، 2 تای دیگر گم شد", "fa", &["fa"]),
];

/// A short text among names, addresses, tags, emoji and numbers.
#[rustfmt::skip]
const NO_EVIDENCE: [Case; 8] = [
    ("@SaraAhmadi_92 ممنون خیلی خوب بود 🙏🙏", "fa", &["fa"]),
    ("عالی بود https://example.com/products/the-best-phone-of-the-year?ref=home", "fa", &["fa"]),
    ("Bestellung #4711 an max.mustermann@example.org ist nie angekommen", "de", &["de"]),
    ("#customerservice #fail #neveragain el pedido llegó roto y nadie contesta", "es", &["es"]),
    ("👍👍👍 très bien 👍👍👍", "fr", &["fr"]),
    ("طلبي رقم 20260314-AB99 لم يصل حتى الآن www.shop.example.com", "ar", &["ar"]),
    ("15/03/2026 18:40 посылка не пришла", "ru", &["ru"]),
    ("快递太慢了 order@example.com 13800000000", "zh-Hans", &["zh-Hans"]),
];

/// One word of another language is no part.
#[rustfmt::skip]
const ONE_FOREIGN_WORD: [Case; 8] = [
    ("Das Notebook ist schnell, aber der Support antwortet nie", "de", &["de"]),
    ("The schadenfreude in this review is real, I simply want a refund", "en", &["en"]),
    ("این لپ\u{200C}تاپ واقعا perfect بود و زود رسید", "fa", &["fa"]),
    ("التطبيق ممتاز جدا لكن checkout بطيء دائما", "ar", &["ar"]),
    ("これは本当に amazing な商品でした、また買います", "ja", &["ja"]),
    ("客服态度很好，就是 app 经常闪退", "zh-Hans", &["zh-Hans"]),
    ("La livraison était nickel, un vrai must pour les cadeaux", "fr", &["fr"]),
    ("Товар хороший, но customer-сервис просто ужасный", "ru", &["ru"]),
];

/// A sentence of another language is a part; the main one has more letters.
#[rustfmt::skip]
const MIXED: [Case; 6] = [
    ("المنتج جيد جدا والتغليف ممتاز ووصل في الموعد المحدد. The delivery man was very polite.", "ar", &["ar", "en"]),
    ("The screen is bright and the battery lasts two days. لكن الشاحن توقف عن العمل بعد أسبوع واحد فقط ولم يرد علي أحد من خدمة العملاء رغم كثرة الاتصال", "ar", &["ar", "en"]),
    ("خیلی از خریدم راضی هستم و بسته\u{200C}بندی هم عالی بود، فقط کمی دیر رسید. I will definitely order from this shop again.", "fa", &["fa", "en"]),
    ("Der Kundendienst hat mir sofort geholfen und das Gerät ersetzt. Thank you very much for the quick answer.", "de", &["de", "en"]),
    ("物流很快，包装也很用心，客服回答问题非常耐心，价格也比别家便宜，下次还会再来买。The manual is only in English.", "zh-Hans", &["zh-Hans", "en"]),
    ("Посылка пришла быстро, всё упаковано аккуратно и ничего не разбилось. 客服很有耐心", "ru", &["ru", "zh"]),
];

/// Names of products are no English.
#[rustfmt::skip]
const PRODUCT_NAMES: [Case; 6] = [
    ("گوشی Samsung Galaxy S24 Ultra را خریدم ولی شارژرش نبود", "fa", &["fa"]),
    ("هدفون Sony WH-1000XM5 Wireless Noise Cancelling کیفیت صدای خوبی دارد", "fa", &["fa"]),
    ("من Apple MacBook Pro M3 Max گرفتم، واقعا سریع است", "fa", &["fa"]),
    ("اشتريت iPhone 15 Pro Max لكن البطارية تنتهي بسرعة", "ar", &["ar"]),
    ("买的 Nintendo Switch OLED 屏幕有坏点", "zh-Hans", &["zh-Hans"]),
    ("کارت گرافیک NVIDIA GeForce RTX 4070 Super خیلی داغ می\u{200C}کند", "fa", &["fa"]),
];

/// Finglish, Arabizi, Roman Urdu and Hindi.
#[rustfmt::skip]
const ROMANISED: [Case; 14] = [
    ("salam, gooshi kheyli khoob bood vali dir resid", "fa-Latn", &["fa-Latn"]),
    ("man in mahsoolo pas dadam chon kharab bood va javab nemidan", "fa-Latn", &["fa-Latn"]),
    ("kheili mamnoon az poshtibani khoobetoon, hatman dobare kharid mikonam", "fa-Latn", &["fa-Latn"]),
    ("vaghean az kharidam razi nistam, keyfiatesh eftezah bood", "fa-Latn", &["fa-Latn"]),
    ("wallah el montag da 7elw awy w wesel bsor3a", "ar-Latn", &["ar-Latn"]),
    ("el taw9il ma weselch w ma7adch bey rod 3alaya", "ar-Latn", &["ar-Latn"]),
    ("ana mabsoota gedan mn el khedma, shokran 3ala kol 7aga", "ar-Latn", &["ar-Latn"]),
    ("ya3ni el se3r ghaly awy 3ala el 7aga de, mesh hashtery tany", "ar-Latn", &["ar-Latn"]),
    ("bohat acha mobile hai lekin delivery bohat late thi", "ur-Latn", &["ur-Latn"]),
    ("mujhe yeh cheez bilkul pasand nahi aayi, paise zaya ho gaye", "ur-Latn", &["ur-Latn"]),
    ("aap ki service ka bohat shukriya, parcel waqt par pohanch gaya", "ur-Latn", &["ur-Latn"]),
    ("yeh phone bahut achha hai, mujhe bahut pasand aaya dhanyavaad", "hi-Latn", &["hi-Latn"]),
    // Most words are Urdu too: Hindi is told by its own.
    ("kripya mera order jaldi bhejiye, main pratiksha kar raha hoon", "hi-Latn", &["hi-Latn"]),
    ("seva bahut acchi thi aur delivery samay par hui", "hi-Latn", &["hi-Latn"]),
];

/// Simplified, traditional, and what both write alike.
#[rustfmt::skip]
const CHINESE: [Case; 7] = [
    ("这个手机的电池很耐用，客服态度也很好", "zh-Hans", &["zh-Hans"]),
    ("发货太慢了，等了两个星期还没收到货", "zh-Hans", &["zh-Hans"]),
    ("這支手機的電池很耐用，客服態度也很好", "zh-Hant", &["zh-Hant"]),
    ("出貨太慢了，等了兩個禮拜還沒收到貨", "zh-Hant", &["zh-Hant"]),
    ("很好用", "zh", &["zh"]),
    ("不好", "zh", &["zh"]),
    ("十分好用，下次再来", "zh-Hans", &["zh-Hans"]),
];

/// Pashto, Sorani, Sindhi, Uyghur, Kurmanji.
#[rustfmt::skip]
const BEYOND_LINGUA: [Case; 10] = [
    ("پارسل ډېر ناوخته راورسېد او څوک ځواب نه راکوي", "ps", &["ps"]),
    ("زه له دې توکي څخه خوښ یم، کیفیت یې ښه دی", "ps", &["ps"]),
    ("کاڵاکە زۆر درەنگ گەیشت و کەس وەڵامم ناداتەوە", "ckb", &["ckb"]),
    ("من زۆر دڵخۆشم بەم کڕینە، سوپاس بۆ ئێوە", "ckb", &["ckb"]),
    ("سامان تمام دير سان پهتو ۽ دٻو ڦاٽل هو", "sd", &["sd"]),
    ("هي موبائيل تمام سٺو آهي، مون کي ڏاڍو پسند آيو", "sd", &["sd"]),
    ("مال بەك كېچىكىپ كەلدى، مۇلازىمەت ناچار ئىكەن", "ug", &["ug"]),
    ("بۇ تېلېفون ناھايىتى ياخشى، سۈپىتىدىن رازىمەن", "ug", &["ug"]),
    ("Pakêt pir dereng gihîşt û kesek bersiva min nade", "kmr", &["kmr"]),
    ("Ez ji vê kirînê gelekî razî me, spas ji bo we hemûyan", "kmr", &["kmr"]),
];

/// Nothing to judge by.
#[rustfmt::skip]
const NO_LETTERS: [Case; 7] = [
    ("", "und", &[]),
    ("12345", "und", &[]),
    ("👍👍👍", "und", &[]),
    ("!!! ??? ...", "und", &[]),
    ("5/5 ★★★★★", "und", &[]),
    ("+98 21 5555 0199", "und", &[]),
    ("https://example.com/", "und", &[]),
];

/// Tag, text as it comes in, text as it was written: misread as Windows-1252, the same with the bytes
/// lost that 1252 lacks, as Windows-1256, twice, and in part.
#[rustfmt::skip]
const MOJIBAKE: [(&str, &str, &str); 20] = [
    ("fa", "Ø¨Ø³ØªÙ‡ Ø³Ù‡ Ø±ÙˆØ² Ø¯ÛŒØ± Ø±Ø³ÛŒØ¯ Ùˆ Ø¬Ø¹Ø¨Ù‡ Ù¾Ø§Ø±Ù‡ Ø¨ÙˆØ¯", "بسته سه روز دیر رسید و جعبه پاره بود"),
    ("fa", "Ø¨Ø³ØªÙ‡ Ø³Ù‡ Ø±ÙˆØ² Ø¯ÛŒØ± Ø±Ø³ÛŒØ¯ Ùˆ Ø¬Ø¹Ø¨Ù‡ Ù¾Ø§Ø±Ù‡ Ø¨ÙˆØ¯", "بسته سه روز دیر رسید و جعبه پاره بود"),
    ("fa", "ط¨ط³طھظ‡ ط³ظ‡ ط±ظˆط² ط¯غŒط± ط±ط³غŒط¯ ظˆ ط¬ط¹ط¨ظ‡ ظ¾ط§ط±ظ‡ ط¨ظˆط¯", "بسته سه روز دیر رسید و جعبه پاره بود"),
    ("fa", "Ù\u{81}ÛŒÙ„ØªØ± Ù‚Ù‡ÙˆÙ‡ Ø®Ø±Ø§Ø¨ Ø¨ÙˆØ¯ØŒ Ù\u{81}Ø±ÙˆØ´Ù†Ø¯Ù‡ Ù¾Ø§Ø³Ø® Ù†Ù…ÛŒâ€ŒØ¯Ù‡Ø¯", "فیلتر قهوه خراب بود، فروشنده پاسخ نمی\u{200C}دهد"),
    ("fa", "ÙÛŒÙ„ØªØ± Ù‚Ù‡ÙˆÙ‡ Ø®Ø±Ø§Ø¨ Ø¨ÙˆØ¯ØŒ ÙØ±ÙˆØ´Ù†Ø¯Ù‡ Ù¾Ø§Ø³Ø® Ù†Ù…ÛŒâ€ŒØ¯Ù‡Ø¯", "فیلتر قهوه خراب بود، فروشنده پاسخ نمی\u{200C}دهد"),
    ("fa", "ظپغŒظ„طھط± ظ‚ظ‡ظˆظ‡ ط®ط±ط§ط¨ ط¨ظˆط¯طŒ ظپط±ظˆط´ظ†ط¯ظ‡ ظ¾ط§ط³ط® ظ†ظ…غŒâ€Œط¯ظ‡ط¯", "فیلتر قهوه خراب بود، فروشنده پاسخ نمی\u{200C}دهد"),
    ("ar", "ÙˆØµÙ„ Ø§Ù„Ø·Ù„Ø¨ Ù…ØªØ£Ø®Ø±Ø§ ÙˆØ§Ù„Ø¹Ù„Ø¨Ø© Ù…ÙƒØ³ÙˆØ±Ø© ÙˆÙ„Ù… ÙŠØ±Ø¯ Ø¹Ù„ÙŠ Ø£Ø\u{AD}Ø¯", "وصل الطلب متأخرا والعلبة مكسورة ولم يرد علي أحد"),
    ("ar", "ÙˆØµÙ„ Ø§Ù„Ø·Ù„Ø¨ Ù…ØªØ£Ø®Ø±Ø§ ÙˆØ§Ù„Ø¹Ù„Ø¨Ø© Ù…ÙƒØ³ÙˆØ±Ø© ÙˆÙ„Ù… ÙŠØ±Ø¯ Ø¹Ù„ÙŠ Ø£Ø\u{AD}Ø¯", "وصل الطلب متأخرا والعلبة مكسورة ولم يرد علي أحد"),
    ("ar", "ظˆطµظ„ ط§ظ„ط·ظ„ط¨ ظ…طھط£ط®ط±ط§ ظˆط§ظ„ط¹ظ„ط¨ط© ظ…ظƒط³ظˆط±ط© ظˆظ„ظ… ظٹط±ط¯ ط¹ظ„ظٹ ط£ط\u{AD}ط¯", "وصل الطلب متأخرا والعلبة مكسورة ولم يرد علي أحد"),
    ("ur", "Ù¾Ø§Ø±Ø³Ù„ Ø¨Û\u{81}Øª Ø¯ÛŒØ± Ø³Û’ Ø¢ÛŒØ§ Ø§ÙˆØ± ÚˆØ¨Û\u{81} Ù¾Ú¾Ù¹Ø§ Û\u{81}ÙˆØ§ ØªÚ¾Ø§", "پارسل بہت دیر سے آیا اور ڈبہ پھٹا ہوا تھا"),
    ("ur", "Ù¾Ø§Ø±Ø³Ù„ Ø¨ÛØª Ø¯ÛŒØ± Ø³Û’ Ø¢ÛŒØ§ Ø§ÙˆØ± ÚˆØ¨Û Ù¾Ú¾Ù¹Ø§ ÛÙˆØ§ ØªÚ¾Ø§", "پارسل بہت دیر سے آیا اور ڈبہ پھٹا ہوا تھا"),
    ("ur", "ظ¾ط§ط±ط³ظ„ ط¨غپطھ ط¯غŒط± ط³غ’ ط¢غŒط§ ط§ظˆط± عˆط¨غپ ظ¾ع¾ظ¹ط§ غپظˆط§ طھع¾ط§", "پارسل بہت دیر سے آیا اور ڈبہ پھٹا ہوا تھا"),
    ("de", "Die Lieferung war pÃ¼nktlich, aber die SchÃ¼ssel ist beschÃ¤digt", "Die Lieferung war pünktlich, aber die Schüssel ist beschädigt"),
    ("de", "Die Lieferung war pأ¼nktlich, aber die Schأ¼ssel ist beschأ¤digt", "Die Lieferung war pünktlich, aber die Schüssel ist beschädigt"),
    ("fr", "Livraison trÃ¨s rapide, le colis Ã©tait bien protÃ©gÃ©", "Livraison très rapide, le colis était bien protégé"),
    ("fr", "Livraison trأ¨s rapide, le colis أ©tait bien protأ©gأ©", "Livraison très rapide, le colis était bien protégé"),
    ("ru", "ÐŸÐ¾Ñ\u{81}Ñ‹Ð»ÐºÐ° Ð¿Ñ€Ð¸ÑˆÐ»Ð° Ð²Ð¾Ð²Ñ€ÐµÐ¼Ñ\u{8F}, ÐºÐ°Ñ‡ÐµÑ\u{81}Ñ‚Ð²Ð¾ Ð¾Ñ‚Ð»Ð¸Ñ‡Ð½Ð¾Ðµ", "Посылка пришла вовремя, качество отличное"),
    ("zh-Hans", "å¿«é€’å¾ˆæ…¢ï¼Œå®¢æœ\u{8D}ä¹Ÿä¸\u{8D}ç\u{90}†äººï¼Œè´¨é‡\u{8F}å¤ªå·®", "快递很慢，客服也不理人，质量太差"),
    ("fa", "Ã˜Â§Ã›Å’Ã™â€\u{A0} Ã™â€¦Ã˜Â\u{AD}Ã˜ÂµÃ™Ë†Ã™â€ž Ã™Ë†Ã˜Â§Ã™â€šÃ˜Â¹Ã˜Â§ Ã˜Â¹Ã˜Â§Ã™â€žÃ›Å’ Ã˜Â§Ã˜Â³Ã˜Âª", "این محصول واقعا عالی است"),
    ("fa", "کیفیتش خوب نبود. Ù¾ÙˆÙ„ Ù…Ù† Ø±Ø§ Ù¾Ø³ Ù†Ø¯Ø§Ø¯Ù†Ø¯", "کیفیتش خوب نبود. پول من را پس ندادند"),
];

/// Text, `lang_hint`, tag: a hint decides a weak text and never a strong one.
#[rustfmt::skip]
const HINTS: [(&str, &str, &str); 10] = [
    ("ok", "de", "de"),
    ("super", "fr", "fr"),
    ("سلام", "fa", "fa"),
    ("سلام", "ar", "ar"),
    ("top", "nl", "nl"),
    ("The parcel came two days late and nobody answered my emails", "fa", "en"),
    ("بسته سه روز دیر رسید و جعبه پاره بود، می\u{200C}خواهم پس بدهم", "ar", "fa"),
    ("Die Lieferung kam zu spät und der Karton war beschädigt", "en", "de"),
    ("快递太慢了，等了两个星期还没收到货", "ja", "zh-Hans"),
    ("12345", "fa", "und"),
];

/// What the program answers to these lines.
fn answers(lines: &[Value]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sada"))
        .arg("tag")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let answers = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    answers.collect()
}

/// What is wrong with an answer about language.
fn differs(answer: &Value, tag: &str, parts: &[&str]) -> Option<String> {
    let base = tag.split('-').next().unwrap();
    let found: Vec<&str> = (answer["languages"].as_array().unwrap().iter())
        .map(|part| part["language_tag"].as_str().unwrap())
        .collect();
    let right = answer["language_tag"] == tag && answer["language"] == base && found == parts;
    (!right).then(|| {
        format!(
            "{} is {} {} {found:?}, not {tag} {parts:?}\n",
            answer["text"], answer["language"], answer["language_tag"]
        )
    })
}

fn check(cases: &[Case]) {
    let lines: Vec<Value> = cases
        .iter()
        .map(|(text, ..)| json!({"text": text}))
        .collect();
    let answers = answers(&lines);
    assert_eq!(answers.len(), cases.len());
    let wrong = (cases.iter().zip(&answers)).filter_map(|((_, tag, parts), answer)| {
        assert_eq!(answer["flags"], json!([]), "{answer}");
        differs(answer, tag, parts)
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.concat()
    );
}

#[test]
fn broken_persian_is_persian() {
    check(&BROKEN_PERSIAN);
}

#[test]
fn names_and_addresses_are_no_evidence() {
    check(&NO_EVIDENCE);
}

#[test]
fn one_foreign_word_is_no_part() {
    check(&ONE_FOREIGN_WORD);
    check(&PRODUCT_NAMES);
}

#[test]
fn sentences_of_another_language_are_parts() {
    check(&MIXED);
}

#[test]
fn romanised_texts_are_told_apart() {
    check(&ROMANISED);
}

#[test]
fn chinese_says_which_script() {
    check(&CHINESE);
}

#[test]
fn languages_that_lingua_lacks_are_known() {
    check(&BEYOND_LINGUA);
}

#[test]
fn texts_without_letters_have_no_language() {
    check(&NO_LETTERS);
}

#[test]
fn mojibake_is_repaired_and_flagged() {
    let lines: Vec<Value> = (MOJIBAKE.iter())
        .map(|(_, text, _)| json!({"text": text}))
        .collect();
    let answers = answers(&lines);
    assert_eq!(answers.len(), MOJIBAKE.len());
    for ((tag, _, written), answer) in MOJIBAKE.iter().zip(&answers) {
        assert_eq!(answer["text"], *written);
        assert_eq!(answer["flags"], json!(["mojibake_repaired"]), "{written}");
        let base = tag.split('-').next().unwrap();
        assert_eq!(answer["language"], base, "{written}");
    }
}

#[test]
fn a_hint_decides_a_weak_text_only() {
    let lines: Vec<Value> = (HINTS.iter())
        .map(|(text, hint, _)| json!({"text": text, "lang_hint": hint}))
        .collect();
    let answers = answers(&lines);
    for ((text, hint, tag), answer) in HINTS.iter().zip(&answers) {
        assert_eq!(answer["language_tag"], *tag, "{text} with {hint}");
        assert_eq!(answer["lang_hint"], *hint);
    }
}
