//! Postal addresses, as far as patterns carry: English, Arabic, Persian and Chinese.
//!
//! An address is found where a street and a number stand together, and reaches to its last number or
//! unit. A street alone (`Baker Street is busy`) is no address. Town and country that stand before the
//! street stay, except in Chinese, where nothing parts them from it.

use std::ops::Range;

use super::cues::{Cue, Hit};
use super::{Finding, Kind};

mod arabic;
mod chinese;
mod latin;

/// Which part of an address a cue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Word of a street behind its name: `Road`.
    Lane,
    /// The same, which is the end of a German name: `straße`.
    Ending,
    /// Word of a street before its name, in Latin letters: `Rue`.
    Before,
    /// A box at the post office: `P.O. Box`.
    Box,
    /// Word of a street or quarter before its name: `شارع`.
    Street,
    /// Word of a building before its name or number: `بناية`.
    Building,
    /// Word before a number: `پلاک`.
    Unit,
    /// Word before a postal code that is an address by itself: «کد پستی».
    Code,
    /// Word of a Chinese street behind its name: 路.
    HanStreet,
    /// Word of a place where Chinese live, behind its name: 小区.
    HanPlace,
}

/// Words of addresses.
#[rustfmt::skip]
pub(super) const CUES: &[(Cue, &[&str])] = &[
    (
        Cue::Address(Part::Lane),
        &[
            "street", "st", "avenue", "ave", "road", "rd", "lane", "ln", "drive", "dr", "boulevard",
            "blvd", "court", "ct", "way", "place", "pl", "square", "sq", "terrace", "close", "crescent",
            "parade", "parkway", "pkwy", "highway", "hwy", "hill", "gardens", "grove", "row", "walk",
            "mews", "quay", "circle", "alley", "rise", "str", "crescent", "cres", "esplanade", "embankment", "trail",
            "bypass", "view", "park", "green", "gate", "point", "plaza", "wharf", "heights", "meadows", "meadow", "fields",
            "mount", "path", "loop", "estate", "villas", "cottages", "vale", "reach", "bank", "chase", "drove", "broadway",
        ],
    ),
    (Cue::Address(Part::Ending), &["straße", "strasse", "str.", "weg", "gasse", "platz", "allee"]),
    (
        Cue::Address(Part::Before),
        &["rue", "calle", "via", "viale", "avenida", "av.", "rua", "jalan", "jl.", "ulitsa", "ul.", "piazza", "chemin", "allée",
          "avenue", "boulevard"],
    ),
    (Cue::Address(Part::Code), &["کد پستی", "کدپستی", "کد پستیم", "کدپستیم", "کد پستی من", "کد پستی منزل"]),
    (
        Cue::Address(Part::Box),
        &["p.o. box", "po box", "p.o.box", "p o box", "post box", "صندوق پستی", "ص.ب", "ص ب", "صندوق بريد"],
    ),
    (
        Cue::Address(Part::Street),
        &[
            "خیابان", "خیابون", "خ", "کوچه", "بلوار", "میدان", "بزرگراه", "اتوبان", "بن بست", "بن‌بست", "شهرک",
            "جاده", "کوی", "محله", "میدون", "بولوار", "آزادراه", "چهارراه", "چهار راه", "سه راه", "فلکه", "روستای", "روستا",
            "دهکده", "راسته", "کوچمون", "بازارچه", "الشارع", "الحي", "الحارة", "درب", "عطفة", "نهج", "محلة", "زنقة", "كورنيش", "مخطط", "قرية", "شارع", "ش", "طريق", "حي", "حارة", "جادة", "ضاحية", "زقاق", "ميدان",
        ],
    ),
    (
        Cue::Address(Part::Building),
        &["ساختمان", "مجتمع", "برج", "بناية", "عمارة", "مجمع", "البناية", "العمارة", "بناء", "كمبوند", "آپارتمان", "پاساژ"],
    ),
    (
        Cue::Address(Part::Unit),
        &[
            "پلاک", "پ", "ط", "پلاکش", "واحد", "طبقه", "بلوک", "ورودی", "زنگ", "فاز", "شماره", "کد پستی", "کدپستی", "فرعی",
            "رقم", "مبنى", "شقة", "الشقة", "طابق", "الطابق", "الدور", "دور", "منزل", "بيت", "فيلا", "قطعة",
            "بلوك", "منطقة", "مكتب", "مدخل", "وحدة", "الوحدة", "الفيلا", "المنزل", "المبنى", "فلة", "دار", "محل", "الرمز البريدي", "رمز بريدي",
        ],
    ),
    (
        Cue::Address(Part::HanStreet),
        &["路", "街", "大道", "道", "巷", "弄", "胡同"],
    ),
    (
        Cue::Address(Part::HanPlace),
        &[
            "小区", "公寓", "花园", "家园", "苑", "大厦", "新村", "里", "村", "城", "府", "庭", "園", "小區", "广场", "廣場", "公馆", "山庄", "别墅", "社区", "社區",
            "大楼", "大樓", "宿舍", "花園", "庄", "屯", "坊", "湾", "苑区",
        ],
    ),
];

/// Postal addresses at these cues. They may overlap; of those that do, the longer ones come first.
pub(super) fn addresses(text: &str, hits: &[Hit]) -> Vec<Finding> {
    let parts: Vec<(Part, Range<usize>)> = hits
        .iter()
        .filter_map(|hit| match hit.cue {
            Cue::Address(part) => Some((part, hit.range.clone())),
            _ => None,
        })
        .collect();
    let mut found: Vec<Range<usize>> = arabic::addresses(text, &parts);
    for (part, cue) in &parts {
        found.extend(match part {
            Part::Lane => latin::address(text, cue),
            Part::Ending => latin::compound(text, cue),
            Part::Before => latin::named_behind(text, cue),
            Part::Box => post_box(text, cue),
            Part::Code => postal_code(text, cue),
            Part::HanStreet | Part::HanPlace => chinese::address(text, *part, cue),
            Part::Street | Part::Building | Part::Unit => None,
        });
    }
    found.sort_by_key(|range| usize::MAX - range.len());
    found
        .into_iter()
        .map(|range| Finding {
            kind: Kind::Address,
            range,
        })
        .collect()
}

/// A box with its number.
fn post_box(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    let mut words = super::words::after(text, cue.end);
    let mut number = words.next()?;
    if number.text == "رقم" || number.text == "شماره" {
        number = words.next()?;
    }
    let near = number.gap.len() <= 3 && number.text.starts_with(char::is_numeric);
    // `۱۴۱۵۵-۶۳۴۱`.
    let second = words
        .next()
        .filter(|next| matches!(next.gap, "-" | "/") && next.text.starts_with(char::is_numeric));
    let end = second.map_or(number.range.end, |next| next.range.end);
    near.then_some(cue.start..end)
}

/// The ten digits of a postal code of Iran, which stand for one house.
fn postal_code(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    let rest = &text[cue.end..];
    let gap = rest.find(char::is_numeric)?;
    let between = rest[..gap].trim_matches([' ', ':', '\u{200C}']);
    let links = [
        "", "من", "ام", "م", "منزل", "است", "جدید", "خونه", "اینه", "هم",
    ];
    let end = rest[gap..]
        .find(|c: char| !c.is_numeric() && c != '-')
        .unwrap_or(rest.len() - gap);
    let code = &rest[gap..gap + end];
    let digits = code.chars().filter(|c| c.is_numeric()).count();
    let start = cue.end + gap;
    (digits == 10 && links.contains(&between)).then_some(start..start + end)
}
