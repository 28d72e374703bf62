//! Chinese names: a surname, and one or two characters that given names are made of.

use std::ops::Range;

use super::How;
use super::known::known;
use crate::text::simplified;

/// Characters that end a name, for they are seldom part of one.
const STOPS: &str = "我你您他她它们的了是在来想要从买有没不也都就说这那个住和跟与因昨今前去刚收到订电手被把给\
                     让请问叫很太吗呢吧啊呀着过家号先女姐哥爱做";

/// The same after two characters: few names end with one.
const LATE_STOPS: &str = "一真又再还只能会可已最态服帮正下处打发跟为";

/// Whether a name may begin with a character.
pub(super) fn may_begin(c: char) -> bool {
    let c = simplified(c).unwrap_or(c);
    let known = known();
    let mut bytes = [0; 4];
    matches!(c, '小' | '阿')
        || known
            .chinese_surnames
            .contains(c.encode_utf8(&mut bytes) as &str)
        || "欧司上诸东皇尉公慕令南夏端独".contains(c)
}

/// The name that follows a cue that ends at `at`.
pub(super) fn after(text: &str, how: How, at: usize) -> Option<Range<usize>> {
    let linked = link(&text[at..]);
    let at = at + linked;
    let rest = &text[at..];
    let start = at + rest.find(is_han)?;
    let gap = &text[at..start];
    let only = |chars: &str| gap.chars().all(|c| chars.contains(c)) && gap.len() <= 12;
    let may_begin = match how {
        How::Told => only(" :：,，“\"「\n"),
        How::Field => only(" :：=“\"「\n"),
        // 收货人王小明: a label needs no colon.
        How::Said | How::Greeted | How::Label => only(" "),
        How::Role | How::Named | How::Kin | How::Spoken => only(" :：，、"),
        How::Closing => gap.len() <= 6 && gap.trim_matches(['—', '-', ' ']).is_empty(),
        How::Signed => only(" :：,，!！.。\n-—"),
        How::Thanked => gap.contains('\n'),
        _ => false,
    };
    if !may_begin {
        return None;
    }
    if let Some(len) = dotted(&text[start..]) {
        return Some(start..start + len);
    }
    let candidate = Candidate::of(&head(&text[start..]))?;
    let sure = match how {
        How::Told => candidate.given || candidate.closed,
        How::Field => true,
        How::Signed | How::Thanked => candidate.closed,
        // 我是于心不忍: two characters are a name only where punctuation follows.
        How::Said => candidate.given && candidate.closed && (candidate.chars > 2 || candidate.ends),
        How::Label => {
            let small = text[start..].starts_with(|c| JOINS.contains(c));
            let long = candidate.chars > 2 && (candidate.given || !small);
            candidate.closed && (long || (candidate.given && (candidate.ends || linked > 0)))
        }
        How::Role | How::Named | How::Kin | How::Spoken => {
            candidate.given && (candidate.closed || candidate.chars > 2)
        }
        How::Closing => candidate.given && candidate.ends,
        // 你好李伟 greets somebody; a title is found by itself.
        How::Greeted => candidate.closed && candidate.given && candidate.chars > 2,
        _ => false,
    };
    sure.then(|| start..start + candidate.len)
}

/// Bytes of what may link a cue to the name: 签收人写的是李建国.
fn link(text: &str) -> usize {
    [
        "写的是",
        "寫的是",
        "填的是",
        "登记的是",
        "名字是",
        "名字叫",
        "是",
        "为",
        "叫",
        "写",
        "填",
    ]
    .iter()
    .find(|link| text.starts_with(**link))
    .map_or(0, |link| link.len())
}

/// Bytes of a name that is written with a dot between its parts, as of Uyghurs and of people abroad:
/// 艾力·买买提.
fn dotted(text: &str) -> Option<usize> {
    const LONGEST: usize = 16;
    let len: usize = text
        .chars()
        .take(LONGEST)
        .take_while(|c| is_han(*c) && (*c == '买' || !STOPS.contains(*c)) || DOTS.contains(*c))
        .map(char::len_utf8)
        .sum();
    let name = text.get(..len)?.trim_end_matches(|c| DOTS.contains(c));
    let inner = name.contains(|c| DOTS.contains(c)) && !name.starts_with(|c| DOTS.contains(c));
    inner.then_some(name.len())
}

/// Surnames that are small words as well.
const JOINS: &str = "和于应应时向方关全成安包连单";

/// Dots inside a name.
const DOTS: &str = "·•‧・";

/// The name that stands before a title (先生) or the end of a letter (敬上).
pub(super) fn before(text: &str, how: How, cue: &Range<usize>) -> Option<Range<usize>> {
    let rest = match how {
        How::TitledBefore => &text[..cue.start],
        _ => text[..cue.start].trim_end_matches([' ', '\u{3000}', '\n']),
    };
    let mut tail = [(rest.len(), ' '); 4];
    let mut count = 0;
    for (slot, (at, c)) in tail.iter_mut().zip(rest.char_indices().rev()) {
        if !is_han(c) {
            break;
        }
        *slot = (at, c);
        count += 1;
    }
    let names = known();
    let end = rest.len();
    // The longest name first: three characters, then two, then a surname alone before a title.
    for chars in (1..=count).rev() {
        let start = tail[chars - 1].0;
        let name = head(&rest[start..]);
        let Some(candidate) = Candidate::of(&name) else {
            continue;
        };
        let whole = candidate.len == name.len() && !names.chinese_words.contains(&name);
        if how == How::OwnedBefore && candidate.chars < 2 {
            continue;
        }
        if whole && (candidate.given || how == How::SignedBefore) {
            return Some(start..end);
        }
    }
    if how != How::TitledBefore {
        return None;
    }
    let surname = |chars: usize| {
        let start = tail.get(chars.checked_sub(1)?)?.0;
        let name = head(rest.get(start..)?);
        (count >= chars && names.chinese_surnames.contains(&name)).then_some(start)
    };
    let start = surname(2).or_else(|| surname(1))?;
    // 大堂经理 and 前方先生 are no persons' names: a surname begins where another word ends.
    let before = rest[..start].chars().next_back();
    let begins = before.is_none_or(|c| !is_han(c) || OPENS.contains(c));
    begins.then_some(start..end)
}

/// Characters after which a surname with its title begins.
const OPENS: &str = "的是叫找给跟和向请问位名好谢由让被对服员得到为与及有谢";

/// The surname that somebody says to have: 免贵姓王.
pub(super) fn surname(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = head(&text[at..]);
    let names = &known().chinese_surnames;
    let len = [2, 1].into_iter().find_map(|chars| {
        let len = prefix(&rest, chars)?;
        names.contains(&rest[..len]).then_some(len)
    })?;
    let next = rest[len..].chars().next();
    let closed = next.is_none_or(|c| !is_han(c) || STOPS.contains(c));
    closed.then_some(at..at + len)
}

/// What may be a name at the head of a text.
struct Candidate {
    /// Bytes.
    len: usize,
    chars: usize,
    /// All after the surname is of characters that given names are made of.
    given: bool,
    /// Something that is no part of a name follows.
    closed: bool,
    /// Something that is no word follows.
    ends: bool,
}

impl Candidate {
    fn of(text: &str) -> Option<Self> {
        let known = known();
        if let Some(short) = nickname(text).or_else(|| doubled(text)) {
            return Some(short);
        }
        let surname = [2, 1].into_iter().find(|chars| {
            prefix(text, *chars).is_some_and(|len| known.chinese_surnames.contains(&text[..len]))
        })?;
        let mut chars = surname;
        let mut given = true;
        for c in text.chars().skip(surname).take(2) {
            let stops = STOPS.contains(c) || (chars > surname && LATE_STOPS.contains(c));
            // 陈刚, but 陈刚刚说.
            let first = chars == surname && matches!(c, '爱' | '刚') && !text.contains("刚刚");
            if !is_han(c) || (stops && !first) {
                break;
            }
            chars += 1;
            given &= known.chinese_given.contains(&c);
        }
        if chars == surname {
            return None;
        }
        // 陈刚签收: a verb of two characters begins there.
        let verb = prefix(text, surname + 1)
            .filter(|short| chars == surname + 2 && begins_verb(&text[*short..]));
        if let Some(short) = verb {
            chars -= 1;
            given = text[..short]
                .chars()
                .next_back()
                .is_some_and(|c| known.chinese_given.contains(&c));
        }
        let len = prefix(text, chars)?;
        // 王芳住: two characters are enough if the third is of no name.
        let (chars, len) = match prefix(text, chars - 1) {
            Some(shorter) if chars == surname + 2 && !given && !closes(&text[len..]) => {
                let second = text[shorter..len].chars().next();
                let first = text[..shorter].chars().next_back();
                let splits = second.is_some_and(|c| !known.chinese_given.contains(&c))
                    && first.is_some_and(|c| known.chinese_given.contains(&c));
                if splits {
                    given = true;
                    (chars - 1, shorter)
                } else {
                    (chars, len)
                }
            }
            _ => (chars, len),
        };
        let is_word = begins_word(text);
        (!is_word).then(|| Self {
            len,
            chars,
            given,
            closed: closes(&text[len..]),
            ends: !text[len..].starts_with(is_han),
        })
    }
}

/// 小王, 阿强: closed in by punctuation.
fn nickname(text: &str) -> Option<Candidate> {
    let rest = text.strip_prefix(['小', '阿'])?;
    let part = |c: &char| is_han(*c) && !STOPS.contains(*c) && !LATE_STOPS.contains(*c);
    let all = rest.chars().take_while(part).count();
    // 小雅耐心解答.
    let verb = (1..all.min(3))
        .find(|chars| prefix(rest, *chars).is_some_and(|len| begins_verb(&rest[len..])));
    let chars = verb.unwrap_or(all);
    let len = prefix(text, chars + 1)?;
    let known = known();
    if begins_word(text) {
        return None;
    }
    let named = rest.chars().take(chars).all(|c| {
        known.chinese_given.contains(&c) || known.chinese_surnames.contains(c.to_string().as_str())
    });
    (matches!(chars, 1 | 2) && named).then_some(Candidate {
        len,
        chars: chars + 1,
        given: true,
        closed: true,
        ends: true,
    })
}

/// 朵朵: how children are called.
fn doubled(text: &str) -> Option<Candidate> {
    let mut chars = text.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    let child =
        first == second && known().chinese_given.contains(&first) && !ADVERBS.contains(first);
    let len = prefix(text, 2)?;
    (child && closes_name(&text[len..])).then_some(Candidate {
        len,
        chars: 2,
        given: true,
        closed: true,
        ends: !text[len..].starts_with(is_han),
    })
}

/// What is no name when it stands twice.
const ADVERBS: &str =
    "天常时明日年月星大小好轻深远长久和平安亲家乐静亮红清满恰渐缓妈爸爷奶姐哥妹弟宝多少快慢高";

/// Whether what follows a name of two equal characters begins no third one of it.
fn closes_name(rest: &str) -> bool {
    rest.chars().next() != rest.chars().nth(1) || rest.is_empty()
}

/// Whether a text begins with a word that begins with a surname and is no name.
fn begins_word(text: &str) -> bool {
    const LONGEST: usize = 4;
    (2..=LONGEST)
        .map_while(|chars| prefix(text, chars))
        .any(|len| known().chinese_words.contains(&text[..len]))
}

/// Whether a word of what somebody does begins here.
fn begins_verb(rest: &str) -> bool {
    let mut chars = rest.chars();
    let (Some(first), Some(second)) = (chars.next(), chars.next()) else {
        return false;
    };
    VERBS.iter().any(|verb| {
        let mut verb = verb.chars();
        verb.next() == Some(first) && verb.next() == Some(second)
    })
}

/// What people are told to have done, simplified.
#[rustfmt::skip]
const VERBS: [&str; 48] = [
    "签收", "帮忙", "帮我", "反映", "负责", "处理", "解决", "联系", "确认", "接听", "服务", "技术", "态度", "说话", "回复", "回电",
    "投诉", "要求", "表示", "购买", "下单", "付款", "代收", "领取", "送来", "送货", "安装", "维修", "推荐", "介绍", "提供", "承诺",
    "答应", "告诉", "拒绝", "使用", "申请", "咨询", "登记", "预订", "本人", "耐心", "热情", "专业", "解答", "开的", "订的", "给我",
];

fn closes(rest: &str) -> bool {
    begins_verb(rest)
        || rest
            .chars()
            .next()
            .is_none_or(|c| !is_han(c) || STOPS.contains(c) || LATE_STOPS.contains(c))
}

/// The first characters of a text, simplified: each Chinese one is as long as before.
fn head(text: &str) -> String {
    /// A compound surname, a given name, and what follows.
    const CHARS: usize = 6;
    let chars = text.chars().take(CHARS);
    chars.map(|c| simplified(c).unwrap_or(c)).collect()
}

/// Bytes of the first characters of a text, all of them Chinese.
fn prefix(text: &str, chars: usize) -> Option<usize> {
    let mut len = 0;
    let mut all = text.chars();
    for _ in 0..chars {
        len += all.next().filter(|c| is_han(*c))?.len_utf8();
    }
    Some(len)
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn surname_and_given_name_beside_a_cue() {
        check(&[
            ("我叫李明轩，买了一台", "我叫[name]，买了一台"),
            ("我叫王芳我的订单", "我叫[name]我的订单"),
            ("我是王小明，", "我是[name]，"),
            ("联系人：赵磊", "联系人：[name]"),
            ("收货人郑晓峰，不是别人", "收货人[name]，不是别人"),
            ("客户姓名:上官婉儿", "客户姓名:[name]"),
            ("聯繫人：陳靜怡", "聯繫人：[name]"),
            ("客服李女士很有礼貌", "客服[name]女士很有礼貌"),
            ("陈小姐您好", "[name]小姐您好"),
            ("本人唐思远要投诉", "本人[name]要投诉"),
            ("祝好，张伟东", "祝好，[name]"),
            ("免贵姓欧阳", "免贵姓[name]"),
            ("王小明 敬上", "[name] 敬上"),
            ("客服王丽一直不回", "客服[name]一直不回"),
            ("客服小芳态度很好", "客服[name]态度很好"),
            ("收件人是黄志远", "收件人是[name]"),
            ("还没到——高志强", "还没到——[name]"),
            ("我叫艾力·买买提", "我叫[name]"),
            ("签收人写的是李建国", "签收人写的是[name]"),
            ("收件人赵铁柱不是我", "收件人[name]不是我"),
            ("我老公陈刚签收的", "我老公[name]签收的"),
            ("我女儿朵朵过敏了", "我女儿[name]过敏了"),
            ("以林志远的名义下单", "以[name]的名义下单"),
            ("我叫李娜，不是李丽", "我叫[name]，不是[name]"),
        ]);
    }

    #[test]
    fn words_that_begin_with_a_surname_stay() {
        stay(&[
            "我是老客户",
            "我是高中生",
            "我是于心不忍才给三星",
            "我是白天买的",
            "我叫苦连天",
            "联系人：无",
            "姓名和日期不能改",
            "先生的鞋小了",
            "大堂经理不错",
            "本人强烈推荐",
            "此致敬礼",
            "客服小程序打不开",
            "客户体验不好",
            "快递员很负责",
            "女儿天天过敏",
            "收件人信息不对",
            "医生开的药",
        ]);
    }
}
