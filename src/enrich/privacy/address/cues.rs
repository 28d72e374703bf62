//! Words by which a text says that a part of an address stands beside them.

use super::Part;
use crate::enrich::privacy::cues::Cue;

/// Words of addresses.
#[rustfmt::skip]
pub(in crate::enrich::privacy) const CUES: &[(Cue, &[&str])] = &[
    (
        Cue::Address(Part::Lane),
        &[
            "street", "st", "avenue", "ave", "road", "rd", "lane", "ln", "drive", "dr", "boulevard",
            "blvd", "court", "ct", "way", "place", "pl", "square", "sq", "terrace", "close", "crescent",
            "parade", "parkway", "pkwy", "highway", "hwy", "hill", "gardens", "grove", "row", "walk",
            "mews", "quay", "circle", "alley", "rise", "str", "cres", "esplanade", "embankment", "trail",
            "bypass", "view", "park", "green", "gate", "point", "plaza", "wharf", "heights", "meadows", "meadow",
            "fields", "mount", "path", "loop", "estate", "villas", "cottages", "vale", "reach", "bank", "chase",
            "drove", "broadway", "gdns", "cresc", "tce", "terr", "ter", "pde", "cir", "hts", "av", "trl", "wlk", "wy",
            "aly", "expressway", "expy", "freeway", "fwy", "turnpike", "pike", "ridge", "cove", "hollow", "glen",
            "crossing", "yard", "croft", "wynd", "paddocks", "orchard", "knoll", "copse", "spinney", "lea", "mead",
            "brow", "passage", "arcade", "strand", "route", "marg", "nagar", "enclave", "garden", "landing", "bend", "trace",
            "harbour", "harbor", "viaduct", "brae", "loan", "fold", "garth", "dell", "downs", "common", "springs", "village", "bridge",
            "pass", "run", "side",
        ],
    ),
    (
        Cue::Address(Part::House),
        &[
            "house", "tower", "towers", "building", "apartments", "residences", "residency", "residence", "mansions",
            "lodge", "compound", "condominium", "condo", "complex", "chambers",
        ],
    ),
    (
        Cue::Address(Part::Ending),
        &["straße", "strasse", "str.", "weg", "gasse", "platz", "allee", "straat", "gracht", "laan", "plein", "gatan",
          "vägen", "gade", "damm", "ufer", "chaussee"],
    ),
    (
        Cue::Address(Part::Before),
        &["rue", "calle", "via", "viale", "avenida", "av.", "rua", "jalan", "jl.", "ulitsa", "ul.", "piazza", "chemin", "allée",
          "avenue", "boulevard", "carrera", "paseo", "praça", "corso", "quai", "impasse", "jln", "lorong", "ulica", "strada",
          "camino", "улица", "ул.", "проспект"],
    ),
    (
        Cue::Address(Part::Told),
        &["address", "addr", "live at", "lives at", "living at", "reside at", "resides at", "residing at", "moved to",
          "home:", "work:", "street:", "deliver:", "deliver to", "delivered to", "ship to", "shipping to", "billing:",
          "shipping:", "residence:", "house is", "my place is", "home is", "line 1:", "line1:", "delivery:", "staying at", "located at", "property at", "at"],
    ),
    (
        Cue::Address(Part::Flat),
        &["flat", "apt", "apartment", "unit", "suite"],
    ),
    (
        Cue::Address(Part::Code),
        &["کد پستی", "کدپستی", "کد پستیم", "کدپستیم", "کد پستی من", "کد پستی منزل", "postcode", "post code", "postal code", "العنوان المختصر", "العنوان الوطني", "short address", "national address"],
    ),
    (
        Cue::Address(Part::Box),
        &["p.o. box", "po box", "rr", "rural route", "p.o.box", "p o box", "post box", "صندوق پستی", "ص.ب", "ص ب", "صندوق بريد"],
    ),
    (
        Cue::Address(Part::Street),
        &[
            "خیابان", "خیابون", "خ", "کوچه", "بلوار", "میدان", "بزرگراه", "اتوبان", "بن بست", "بن‌بست", "شهرک",
            "جاده", "کوی", "محله", "میدون", "بولوار", "آزادراه", "چهارراه", "چهار راه", "سه راه", "فلکه", "روستای", "روستا",
            "دهکده", "راسته", "کوچمون", "بازارچه", "الشارع", "الحي", "الحارة", "درب", "عطفة", "نهج", "محلة", "زنقة", "كورنيش", "مخطط", "قرية", "شارع", "ش", "طريق", "حي", "حارة", "جادة", "ضاحية", "زقاق", "ميدان",
            "سه‌راه", "گذر", "مجاورة", "سكة", "مربع", "دوار", "الدوار", "إقامة", "عزبة", "الطريق",
            "الزقاق", "كمباوند", "مساكن", "المجاورة", "ممر",         ],
    ),
    (
        Cue::Address(Part::Building),
        &["ساختمان", "مجتمع", "برج", "بناية", "عمارة", "مجمع", "البناية", "العمارة", "بناء", "كمبوند", "آپارتمان", "پاساژ",
          "بازار", "مرکز خرید", "عمارات", "أبراج", "البرج", "مسکن مهر", "خوابگاه", "ساختمون", ],
    ),
    (
        Cue::Address(Part::Unit),
        &[
            "پلاک", "پ", "ط", "پلاکش", "واحد", "طبقه", "بلوک", "ورودی", "زنگ", "فاز", "شماره", "کد پستی", "کدپستی", "فرعی",
            "رقم", "مبنى", "شقة", "الشقة", "طابق", "الطابق", "الدور", "دور", "منزل", "بيت", "فيلا", "قطعة",
            "بلوك", "منطقة", "مكتب", "مدخل", "وحدة", "الوحدة", "الفيلا", "المنزل", "المبنى", "فلة", "دار", "محل", "الرمز البريدي", "رمز بريدي",
            "قسيمة", "القسيمة", "سوله", "قطعه", "غرفه", "مغازه", "باغ", "کیلومتر",
            "الكيلو", "البيت", "القطعة", "الدار",         ],
    ),
    (
        Cue::Address(Part::Door),
        &["پلاکمون", "پلاکم", "پلاک خونمون", "پلاک خونه", "پلاک منزل", "پلاک ما", "پلاک خانه", "رقم المنزل", "رقم البيت",
          "رقم الشقة", "رقم الفيلا", "رقم المبنى", "شماره واحد", "门牌", "門牌", "门牌号", "門牌號"],
    ),
    (
        Cue::Address(Part::Near),
        &["نبش", "تقاطع", "بالاتر از", "پایین تر از", "پایین‌تر از", "پایینتر از", "نرسیده به", "متفرع من", "متفرعة من", "ناصية",
          "امتداد", "ابتدای", "انتهای"],
    ),
    (
        Cue::Address(Part::HanStreet),
        &["路", "街", "大道", "道", "巷", "弄", "胡同"],
    ),
    (
        Cue::Address(Part::HanPlace),
        &[
            "小区", "公寓", "花园", "家园", "苑", "大厦", "新村", "里", "村", "城", "府", "庭", "園", "小區", "广场", "廣場", "公馆", "山庄", "别墅", "社区", "社區",
            "大楼", "大樓", "宿舍", "花園", "庄", "屯", "坊", "湾", "苑区", "大廈", "西区", "东区", "南区", "北区",
        ],
    ),
    (
        Cue::Address(Part::HanUnit),
        &["号楼", "號樓", "栋", "棟", "幢", "单元", "單元", "座", "号院", "室"],
    ),
];
