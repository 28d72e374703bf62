use encoding_rs::{Encoding, WINDOWS_1252, WINDOWS_1256};
use proptest::prelude::*;

use super::*;

/// Right texts in many scripts, with signs and accents as people write them.
const TEXTS: [&str; 34] = [
    "کیفیتش عالی بود، ممنون از پشتیبانی خوبتون",
    "بسته سه روز دیر رسید و جعبه پاره بود؛ فیلم گرفتم.",
    "وصل الطلب متأخراً والعلبة مكسورة ولم يرد عليّ أحد",
    "التطبيق ممتاز وسريع، شكراً لكم",
    "پارسل بہت دیر سے آیا اور ڈبہ پھٹا ہوا تھا۔",
    "پارسل ډېر ناوخته راغی، خو ښه دی او څوک نه ځوابوي",
    "کاڵاکە درەنگ گەیشت و کەس وەڵامم ناداتەوە",
    "سامان دير سان پهتو، پر ڏاڍو سٺو آهي",
    "مال كېچىكىپ كەلدى، ئەمما سۈپىتى ياخشى",
    "快递很慢，客服也不理人，差评。",
    "質量很好，物流也快，謝謝！",
    "商品は予定より早く届きました。「梱包」も丁寧でした。",
    "배송이 너무 늦고 고객센터는 전화를 안 받아요.",
    "สินค้าคุณภาพดี จัดส่งเร็วมาก",
    "पार्सल देर से आया और डिब्बा फटा हुआ था।",
    "পণ্যটি ভালো কিন্তু ডেলিভারি দেরিতে হয়েছে।",
    "பொருள் நன்றாக உள்ளது, நன்றி.",
    "Пакет пришёл вовремя, качество отличное. Спасибо!",
    "Посилка прийшла пошкодженою, дуже розчарована.",
    "Το δέμα ήρθε σπασμένο και κανείς δεν απαντά.",
    "החבילה הגיעה באיחור והקופסה הייתה קרועה.",
    "ამანათი დროულად მოვიდა, გმადლობთ",
    "Ծանրոցը ժամանակին եկավ, շնորհակալություն",
    "ጥሩ አገልግሎት ነው፣ አመሰግናለሁ",
    "Das Paket kam beschädigt an – über 20 € für nichts, „unmöglich“.",
    "Livraison rapide, très bien emballé. À bientôt !",
    "A entrega não chegou, ninguém me avisou. PÉSSIMA ATENÇÃO.",
    "Kargo çok geç geldi, bir daha almam. Müşteri ilişkileri kötü.",
    "Hàng giao nhanh, đóng gói cẩn thận, sẽ ủng hộ tiếp.",
    "Þetta kom í tæka tíð, ég er mjög ánægður með þjónustuna.",
    "Paczka dotarła na czas, polecam sprzedawcę. Łatwo i szybko.",
    "Zboží dorazilo poškozené, řešení trvá už měsíc.",
    "Bağlama çox yaxşı idi, təşəkkür edirəm.",
    "Great phone 👍🏽 — it’s the “best” I’ve had… 10/10 😀",
];

/// Right texts that look misread somewhere.
const TRAPS: [&str; 24] = [
    "« Mon fiancé\u{A0}» adore le café\u{A0}»",
    "IL A PASSÉ… « L’ÉTÉ » À L’HÔTEL “CAFÉ”",
    "Úžasný telefón, žiaden problém. Úžas…",
    "NÃO COMPREI, A IRMÃ… “MANHÔ NÃO, Ã",
    "SÃO PAULO – AMANHÃ",
    "Ø 12 mm, 3×½ cup, Ø±0.5, 20 °C, 5 m², ½ kg ×2²",
    "MÖBEL™ und Nestlé® von IKEA®, “Ä”, Ü…",
    "ÅÄÖ åäö Åsa’s “Å”",
    "Ấn tượng, giá rẻ quá! Ôi, à… “Ừ”",
    "ÇOK GÜZEL… ‘İYİ’ ŞİRKET",
    "Þú ert “best”, Ægir… ÐÞ",
    "آپ کیسے ہیں؟ آپ، وغیرہ؛ چھڑ گئے",
    "موضوع\u{200C}ها را ببینید؛ شروع\u{200C}کننده، جمع؟",
    "هذا رائع، نوع؟ بديع؛ موضوع… «ربيع» ربع",
    "ترک تک شک بک دک پک سک خک",
    "ط ظ ع غ ؟ ط، ظ؛ ع…",
    "تک\u{200C}تک گچ، بژ چک، شکّ تکَ",
    "ئەمما ياخشى، ۋاقتىدا",
    "质量“很好”…… é ü",
    "cafe\u{301} re\u{301}sume\u{301}",
    "l·l “col·lecció” à… è” ò’",
    "C’est là… voilà” déjà’ où–",
    "100 € – 20 £ ± 5 % § 3 ¶ © 2024 ® ™",
    "\u{FFFD}\u{FFFD} é\u{FFFD} à",
];

fn read_as(text: &str, encoding: &'static Encoding) -> String {
    let (read, _) = encoding.decode_without_bom_handling(text.as_bytes());
    read.into_owned()
}

/// Read as Windows-1252, each lacking byte replaced.
fn lossy(text: &str, with: &str) -> String {
    let lacking = |c| matches!(c, '\u{81}' | '\u{8D}' | '\u{8F}' | '\u{90}' | '\u{9D}');
    read_as(text, WINDOWS_1252).replace(lacking, with)
}

#[test]
fn right_texts_are_left_alone() {
    for text in TEXTS.iter().chain(&TRAPS) {
        assert_eq!(repair(text), None, "{text}");
    }
}

#[test]
fn texts_in_many_scripts_come_back() {
    for text in TEXTS {
        for encoding in [WINDOWS_1252, WINDOWS_1256] {
            let once = read_as(text, encoding);
            assert_eq!(repair(&once).as_deref(), Some(text), "{once}");
            let twice = read_as(&once, encoding);
            assert_eq!(repair(&twice).as_deref(), Some(text), "{twice}");
        }
        let latin1: String = text.bytes().map(char::from).collect();
        assert_eq!(repair(&latin1).as_deref(), Some(text), "{latin1}");
    }
}

#[test]
fn lost_bytes_of_arabic_script_are_filled_in() {
    for text in [
        "فیلم خوبی بود، کیفیت عالی",
        "بسته سه روز دیر رسید و جعبه پاره بود؛ فیلم گرفتم.",
        "الملف فارغ ولا فائدة في الهاتف",
        "پارسل بہت دیر سے آیا اور ڈبہ پھٹا ہوا تھا۔",
        "پارسل ډېر ناوخته راغی، خو ښه دی او څوک نه ځوابوي",
        "Łatwo i szybko, żadnych problemów. Łódź też.",
        "Čeština: balíček došel včera, řešení bylo rychlé",
        "“Very good” phone, it’s “fine”",
    ] {
        assert_eq!(repair(&lossy(text, "")).as_deref(), Some(text));
        assert_eq!(repair(&lossy(text, "\u{FFFD}")).as_deref(), Some(text));
    }
}

#[test]
fn what_can_not_be_told_is_said_to_be_unknown() {
    let repaired = repair(&lossy("Спасибо, всё отлично", "")).unwrap();
    assert_eq!(repaired, "Спа\u{FFFD}ибо, в\u{FFFD}ё отлично");
    // Fatha, damma and kasra are written: the lost byte may have been one of them.
    let vocalised = repair(&lossy("كَتَبَ الوَلَدُ في الدَّفْتَر", "")).unwrap();
    assert!(vocalised.contains("الوَلَد\u{FFFD}"), "{vocalised}");
}

#[test]
fn only_the_misread_part_is_repaired() {
    let misread = read_as("خیلی خوب بود", WINDOWS_1252);
    assert_eq!(
        repair(&format!("خیلی خوب بود. {misread} — عالی")).as_deref(),
        Some("خیلی خوب بود. خیلی خوب بود — عالی")
    );
    for (text, expected) in [
        ("Café: CafÃ© crème, déjà vu", "Café: Café crème, déjà vu"),
        (
            "Itâ€™s « fiancé\u{A0}» for Â£5",
            "It’s « fiancé\u{A0}» for £5",
        ),
        ("petit Ã petit, trÃ¨s bien", "petit à petit, très bien"),
        ("Han .. ðŸ˜œ", "Han .. 😜"),
    ] {
        assert_eq!(repair(text).as_deref(), Some(expected));
    }
}

#[test]
fn text_read_as_windows_1250_is_not_half_repaired() {
    for text in ["vysvÄ›tlĂ\u{AD} pĹ™Ă\u{AD}klad", "naÄŤin Ä‡e se pobliĹľe"] {
        assert_eq!(repair(text), None);
    }
}

#[test]
fn long_and_nested_texts_take_linear_time() {
    for unit in ["Â", "Ãƒ", "Ù", "ã", "ðŸ", "ط", "é€", "Ã©é "] {
        let text = unit.repeat(200_000);
        let begun = std::time::Instant::now();
        repair(&text);
        repair(&(text + "©"));
        assert!(begun.elapsed().as_secs() < 5, "{unit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_characters_are_survived_and_repaired_once(text in r"([\u{80}-\u{17E}œ€‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™›\u{FFFD}ء-يپچژگ\u{200C}،؟ a-z]|\PC){0,60}") {
        if let Some(once) = repair(&text) {
            prop_assert_eq!(repair(&once), None, "{}", once);
        }
    }

    #[test]
    fn texts_side_by_side_come_back(picked in prop::collection::vec(0..TEXTS.len(), 1..4), arabic in any::<bool>()) {
        let text = picked.iter().map(|n| TEXTS[*n]).collect::<Vec<_>>().join(" ");
        let encoding = if arabic { WINDOWS_1256 } else { WINDOWS_1252 };
        prop_assert_eq!(repair(&read_as(&text, encoding)), Some(text));
    }
}
