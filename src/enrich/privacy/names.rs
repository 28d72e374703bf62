//! Names of persons, where the text says that one stands there: after or before a cue.
//!
//! No cue, no name: `Mercedes broke down` and «امید دارم» are no persons, and a name without a cue is
//! not found. What may stand as a name depends on how sure the cue is ([`How`]) and on the script that
//! it is written in: [`latin`] has capitals, [`arabic`] words without them, [`chinese`] surnames and no
//! spaces. [`known`] holds the names that help to decide.

use std::ops::Range;

use super::cues::{Cue, Hit};
use super::{Finding, Kind};
use crate::text::{is_arabic, is_unspaced};

mod arabic;
mod chinese;
mod known;
mod latin;

/// How a cue tells of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It says so: `my name is`.
    Told,
    /// It is the label of a field: `Recipient:`. Without a colon it is a word like others, except in
    /// Chinese.
    Field,
    /// Of a title: `Mr.`.
    Titled,
    /// Of a title that stands behind the name: 先生.
    TitledBefore,
    /// A letter's end: `Best regards,`.
    Signed,
    /// An end that is said inside a text as well: `Thanks,`.
    Thanked,
    /// A letter's end behind the name: 敬上.
    SignedBefore,
    /// `I am`: what follows is seldom a name.
    Said,
    /// The same behind the name: «هستم».
    SaidBefore,
    /// `Hi`: the name of who is written to.
    Greeted,
    /// Whose surname it is: 免贵姓.
    Surname,
}

/// Words that say that a name stands beside them.
#[rustfmt::skip]
pub(super) const CUES: &[(Cue, &[&str])] = &[
    (
        Cue::Name(How::Told),
        &[
            "my name is", "my name's", "my name’s", "my full name is", "full name is", "i am called",
            "name is", "signed by", "ich heiße", "mein name ist", "je m'appelle",
            "je m’appelle", "mon nom est", "me llamo", "mi nombre es", "mi chiamo", "benim adım",
            "meu nome é", "меня зовут", "мое имя", "моё имя", "اسم من", "اسمم", "نام من", "نامم",
            "اسم بنده", "نام بنده", "اسمي", "إسمي", "اسمي هو", "اسمي الكامل", "الاسم الكامل",
            "يدعى", "我叫", "我叫做", "我的名字是", "我的名字叫", "名字叫", "本人叫", "我名叫", "我的全名是",
            "我姓名是", "姓名是",
        ],
    ),
    (
        Cue::Name(How::Field),
        &[
            "name", "full name", "first name", "last name", "customer", "customer name", "recipient",
            "contact person", "contact", "account holder", "cardholder", "signed", "sender", "receiver",
            "attn", "نام", "اسم", "نام و نام خانوادگی", "نام خانوادگی", "نام گیرنده", "گیرنده", "تحویل گیرنده",
            "فرستنده", "نام مشتری", "به نام", "الاسم", "اسم العميل", "اسم المستلم", "المستلم", "المرسل",
            "المرسل إليه", "اسم صاحب الحساب", "صاحب الحساب", "姓名", "联系人", "收件人", "收货人", "寄件人",
            "客户姓名", "名字", "称呼", "申请人", "持卡人", "订货人", "聯繫人", "聯絡人", "收件人姓名", "收貨人",
        ],
    ),
    (
        Cue::Name(How::Titled),
        &[
            "mr", "mrs", "ms", "miss", "mister", "dr", "prof", "herr", "frau", "señor", "señora", "آقای",
            "اقای", "خانم", "جناب آقای", "سرکار خانم", "مهندس", "دکتر", "السيد", "السيدة", "الأستاذ",
            "الأستاذة", "أستاذ", "أستاذة", "المهندس", "المهندسة", "الدكتور", "الدكتورة", "الأخ", "الأخت",
            "أخوكم", "أختكم",
        ],
    ),
    (
        Cue::Name(How::TitledBefore),
        &["先生", "女士", "小姐", "太太", "经理", "師傅", "师傅", "老师", "主管", "經理"],
    ),
    (
        Cue::Name(How::Signed),
        &[
            "regards", "sincerely", "yours truly", "yours faithfully", "best wishes", "kind wishes",
            "respectfully", "warmly", "mit freundlichen grüßen", "viele grüße", "cordialement",
            "saludos", "atentamente", "saygılarımla", "с уважением", "با احترام", "با تشکر", "با سپاس",
            "با تشکر فراوان", "ارادتمند", "ارادتمند شما", "دوستدار شما", "مع تحياتي", "مع تحيات",
            "تحياتي", "مع خالص التحية", "مع خالص تحياتي", "مع أطيب التحيات", "مع التحية",
            "مع الشكر والتقدير", "مع الشكر", "وتفضلوا بقبول فائق الاحترام", "مقدم الشكوى", "مقدمه",
            "مقدمة الشكوى", "此致敬礼", "敬礼", "祝好", "祝商祺", "顺颂商祺", "落款", "署名", "签名",
        ],
    ),
    (
        Cue::Name(How::Thanked),
        &[
            "thanks", "thank you", "many thanks", "cheers", "best", "yours", "love", "متشکرم", "ممنون",
            "سپاس", "شكرا", "شكرا لكم", "وشكرا", "谢谢",
        ],
    ),
    (
        Cue::Name(How::SignedBefore),
        &["敬上", "敬启", "谨上", "拜上", "敬啟", "謹上"],
    ),
    (
        Cue::Name(How::Said),
        &[
            "i am", "i'm", "i’m", "im", "call me", "they call me", "this is", "it is", "it's", "it’s", "speaking with",
            "ich bin", "je suis", "soy", "بنده", "اینجانب", "به نام", "أنا", "معك", "معكم", "معاك", "معاكم",
            "我是", "本人", "我系",
        ],
    ),
    (
        Cue::Name(How::SaidBefore),
        &["هستم", "ام", "میباشم", "می باشم", "صحبت میکنم", "صحبت می کنم"],
    ),
    (
        Cue::Name(How::Greeted),
        &[
            "hi", "hello", "hey", "dear", "hallo", "bonjour", "hola", "سلام", "عزيزي", "عزيزتي",
            "مرحبا", "أهلا", "你好", "您好", "尊敬的", "亲爱的",
        ],
    ),
    (
        Cue::Name(How::Surname),
        &["免贵姓", "我姓", "本人姓"],
    ),
];

/// Names beside these cues, the surest first. They may overlap.
pub(super) fn names(text: &str, hits: &[Hit]) -> Vec<Finding> {
    let mut found = Vec::new();
    for hit in hits {
        let Cue::Name(how) = hit.cue else {
            continue;
        };
        if let Some(range) = beside(text, how, &hit.range) {
            found.push(Finding {
                kind: Kind::Name,
                range,
            });
        }
    }
    // Of two that overlap the longer one holds: `Mr. Brown` ends before `Mr. Brown Smith`.
    found.sort_by_key(|finding| usize::MAX - finding.range.len());
    found
}

fn beside(text: &str, how: How, cue: &Range<usize>) -> Option<Range<usize>> {
    match how {
        How::SaidBefore => return arabic::before(text, cue.start),
        How::TitledBefore | How::SignedBefore => return chinese::before(text, how, cue),
        How::Surname => return chinese::surname(text, cue.end),
        How::Field => {
            let colon = text[cue.end..].trim_start_matches(' ');
            if !colon.starts_with([':', '：', '=']) {
                // 收货人王小明: Chinese needs no colon.
                let chinese = text[..cue.end].chars().next_back().is_some_and(is_unspaced);
                return chinese
                    .then(|| chinese::after(text, How::Said, cue.end))
                    .flatten();
            }
        }
        _ => {}
    }
    // Which script the name would be in.
    let first = text[cue.end..]
        .chars()
        .take(GAP)
        .find(|c| c.is_alphabetic())?;
    if is_arabic(first) {
        arabic::after(text, how, cue.end)
    } else if is_unspaced(first) {
        chinese::after(text, how, cue.end)
    } else {
        latin::after(text, how, cue.end)
    }
}

/// Characters that may stand between a cue and the name.
const GAP: usize = 8;
