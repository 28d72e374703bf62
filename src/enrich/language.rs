//! Language of a text, found on its raw form, before letters are folded: ي and ی, ك and ک are its
//! best evidence.

#[cfg(feature = "lingua")]
use lingua::{LanguageDetector, LanguageDetectorBuilder};

/// Language of a whole text.
#[derive(Debug, Clone, PartialEq)]
pub struct Language {
    /// Base subtag: `fa`, `zh`, `und`.
    pub base: String,
    /// Full BCP-47 tag: `fa-Latn`, `zh-Hans`, `und`.
    pub tag: String,
    /// 0 to 1.
    pub confidence: f32,
}

impl Language {
    /// No letters, or no answer.
    pub fn unknown() -> Self {
        Self::of("und", 0.0)
    }

    fn of(base: &str, confidence: f32) -> Self {
        Self {
            base: base.to_owned(),
            tag: base.to_owned(),
            confidence,
        }
    }
}

/// Share of a text in one language.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageShare {
    /// Base subtag.
    pub language: String,
    /// Full tag.
    pub language_tag: String,
    /// Share of the letters, 0 to 1.
    pub share: f32,
}

/// lingua with all its 75 languages.
pub struct Detector {
    #[cfg(feature = "lingua")]
    lingua: LanguageDetector,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// A detector; the models of a language are read when a text first needs them, once for the
    /// whole process.
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "lingua")]
            lingua: LanguageDetectorBuilder::from_all_languages().build(),
        }
    }

    /// Name and version of the detector, for `model_version`.
    pub fn version(&self) -> &str {
        "lingua-1.8"
    }

    /// Main language and the languages of the parts (one for now: the main one).
    ///
    /// The answer is lingua's own: the likeliest language, none if two are equally likely.
    #[cfg(not(feature = "lingua"))]
    pub fn detect(&self, _: &str) -> (Language, Vec<LanguageShare>) {
        (Language::unknown(), Vec::new())
    }

    #[cfg(feature = "lingua")]
    #[allow(missing_docs)]
    pub fn detect(&self, raw: &str) -> (Language, Vec<LanguageShare>) {
        if !raw.chars().any(char::is_alphabetic) {
            return (Language::unknown(), Vec::new());
        }
        let values = self.lingua.compute_language_confidence_values(raw);
        let (Some((first, p)), Some((_, second))) = (values.first(), values.get(1)) else {
            return (Language::unknown(), Vec::new());
        };
        if p - second < f64::EPSILON {
            return (Language::unknown(), Vec::new());
        }
        let base = first.iso_code_639_1().to_string();
        let share = LanguageShare {
            language: base.clone(),
            language_tag: base.clone(),
            share: 1.0,
        };
        (Language::of(&base, *p as f32), vec![share])
    }
}

#[cfg(all(test, feature = "lingua"))]
mod tests {
    use super::*;

    const TEXTS: [&str; 42] = [
        "The parcel came two days late and the box was torn.",
        "great!",
        "ok",
        "Das Paket kam beschädigt an, und niemand antwortet auf meine E-Mails.",
        "Livraison rapide, je recommande vivement cette boutique.",
        "El repartidor fue muy amable, pero el pedido llegó incompleto.",
        "Il prodotto è arrivato rotto e il servizio clienti non risponde.",
        "A entrega atrasou uma semana e ninguém me avisou.",
        "De bezorger heeft het pakket bij de buren gelaten.",
        "Leveransen var snabb och kvaliteten är bättre än väntat.",
        "Varen kom i går, men den passer ikke.",
        "Varen kom frem i går, og jeg er svært fornøyd.",
        "Tuote saapui ajoissa ja toimii hyvin.",
        "Paczka dotarła na czas, polecam sprzedawcę.",
        "Zboží dorazilo poškozené a reklamace trvá už měsíc.",
        "Balík prišiel neskoro, ale predajca bol ochotný.",
        "A csomag időben megérkezett, köszönöm!",
        "Coletul a ajuns repede, mulțumesc.",
        "Пакет пришёл вовремя, качество отличное.",
        "Посилка прийшла пошкодженою, дуже розчарована.",
        "Пратката пристигна навреме и всичко е наред.",
        "Kargo çok geç geldi, bir daha almam.",
        "Bağlama çox yaxşı idi, təşəkkür edirəm.",
        "Το δέμα ήρθε σπασμένο και κανείς δεν απαντά.",
        "החבילה הגיעה באיחור והקופסה הייתה קרועה.",
        "وصل الطلب متأخرا والعلبة مكسورة ولم يرد علي أحد",
        "التطبيق ممتاز وسريع شكرا لكم",
        "بسته سه روز دیر رسید و جعبه پاره بود.",
        "کیفیتش عالی بود، ممنون از پشتیبانی خوبتون",
        "پارسل بہت دیر سے آیا اور ڈبہ پھٹا ہوا تھا۔",
        "快递很慢，客服也不理人，差评。",
        "质量很好，物流也快",
        "商品は予定より早く届きました。梱包も丁寧でした。",
        "배송이 너무 늦고 고객센터는 전화를 안 받아요.",
        "สินค้าคุณภาพดี จัดส่งเร็วมาก",
        "Hàng giao nhanh, đóng gói cẩn thận, sẽ ủng hộ tiếp.",
        "Barang cepat sampai dan penjual sangat ramah.",
        "Mzigo umefika kwa wakati, asante sana.",
        "पार्सल देर से आया और डिब्बा फटा हुआ था।",
        "পণ্যটি ভালো কিন্তু ডেলিভারি দেরিতে হয়েছে।",
        "பொருள் நன்றாக உள்ளது, நன்றி.",
        "Order #4711: refund تم الإلغاء, thanks 🙏",
    ];

    #[test]
    fn the_answer_is_linguas_own() {
        let lingua = LanguageDetectorBuilder::from_all_languages().build();
        let detector = Detector::new();
        for text in TEXTS {
            let expected = lingua
                .detect_language_of(text)
                .map_or("und".to_owned(), |l| l.iso_code_639_1().to_string());
            let (language, shares) = detector.detect(text);
            assert_eq!(language.base, expected, "{text}");
            assert_eq!(shares.len(), usize::from(expected != "und"));
            if let Some(l) = lingua.detect_language_of(text) {
                let confidence = lingua.compute_language_confidence(text, l);
                assert!((f64::from(language.confidence) - confidence).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_text_without_letters_has_no_language() {
        let detector = Detector::new();
        for text in ["", "  \n", "12345", "👍👍", "!!! ...", "٣٤"] {
            let (language, shares) = detector.detect(text);
            assert_eq!(language, Language::unknown(), "{text:?}");
            assert!(shares.is_empty());
        }
    }
}
