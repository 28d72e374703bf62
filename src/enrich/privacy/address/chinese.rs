//! Chinese addresses: province, city, district, street, number, building, room in one run.

use std::ops::Range;

use super::Part;
use crate::text;

/// Characters after which an address begins: they stand in no name of a place.
const BEFORE: &str = "在到是址住往至给給我去的从從寄送了为為丢扔写寫填，。";

/// Last characters of what lies above the street: with one of them the whole run is the address.
const REGIONS: &str = "省市区區县縣镇鎮乡鄉州旗";

/// Characters of an address before its street.
const LONGEST: usize = 30;

/// Units, the longest first.
const UNITS: [&str; 25] = [
    "号楼", "號樓", "号院", "单元", "單元", "号", "號", "弄", "巷", "栋", "棟", "幢", "座", "室",
    "楼", "樓", "层", "層", "组", "户", "房", "舍", "门", "門", "塔",
];

/// Whether numbers stand close behind the word of a street or place: most 里 and 道 are of other words.
pub(super) fn may_stand(text: &str, cue: &Range<usize>) -> bool {
    const FAR: usize = 20;
    let mut near = text[cue.end..].chars().take(FAR);
    near.any(|c| text::digit(c).is_some() || is_numeral(c) || c.is_ascii_uppercase())
}

/// Whether the number of a building stands before its unit: `3` of 3号楼.
pub(super) fn is_numbered(text: &str, unit: &Range<usize>) -> bool {
    let before = text[..unit.start].trim_end_matches(' ').chars().next_back();
    before.is_some_and(|c| text::digit(c).is_some() || c.is_ascii_uppercase() || is_numeral(c))
}

/// The address around the unit of a building, whatever the place is called: 翠湖天地3号楼2102.
pub(super) fn building(text: &str, unit: &Range<usize>) -> Option<Range<usize>> {
    let before = text[..unit.start].trim_end_matches(' ');
    let digits = before
        .trim_end_matches(|c: char| text::digit(c).is_some() || c == '-' || is_numeral(c))
        .trim_end_matches(|c: char| c.is_ascii_uppercase());
    // 三里屯SOHO5号楼: more than one letter is of the name.
    let letters = before[digits.len()..]
        .bytes()
        .filter(u8::is_ascii_uppercase)
        .count();
    let number = digits.len() + if letters > 1 { letters } else { 0 };
    let tail = Tail::of(&text[number..]);
    if tail.units == 0 {
        return None;
    }
    let (start, _) = start(text, digits.trim_end_matches(' ').len())?;
    // 凤凰城3期12号楼, whose phase stands before.
    let phase = digits.ends_with('期') && text[start..number].chars().count() > 3;
    if tail.units + tail.rooms + usize::from(phase) < 2 {
        return None;
    }
    let named = text[start..number].chars().count() > 1;
    named.then_some(start..number + tail.len)
}

/// The address around the word of a street or of a place where people live.
pub(super) fn address(text: &str, part: Part, cue: &Range<usize>) -> Option<Range<usize>> {
    let tail = Tail::of(&text[cue.end..]);
    if tail.units == 0 {
        return None;
    }
    let (start, regions) = start(text, cue.start)?;
    let enough = match part {
        Part::HanStreet => true,
        // 店里3号 is no address, 平安里3号楼2单元 and 隆回县桃洪镇文昌村8组 are.
        _ => tail.units + tail.rooms + tail.phases > 1 || regions > 1,
    };
    enough.then_some(start..cue.end + tail.len)
}

/// Where the address begins that comes to a street's word at `to`, and how many regions (省, 市, 区)
/// it names before it.
fn start(text: &str, to: usize) -> Option<(usize, usize)> {
    let mut start = to;
    let mut regions = 0;
    let mut name = 0;
    let mut short = to;
    let mut right = ' ';
    for (at, c) in text[..to].char_indices().rev().take(LONGEST) {
        // 广东省 深圳市 南山区: spaces between what lies above the street.
        if c == ' ' && text[..at].ends_with(|c| REGIONS.contains(c)) && name > 0 {
            continue;
        }
        // 改成 tells of an address, 成都 begins one.
        let made =
            c == '成' && text[..at].ends_with(['改', '换', '換', '变', '變', '写', '寫', '填']);
        let home = c == '家' && text[..at].ends_with(['我', '他', '她', '你', '妈', '爸']);
        let back = c == '回' && text[..at].ends_with(['寄', '退', '送', '发', '發']);
        let goods = c == '货' && text[..at].ends_with(['收', '送', '发', '取', '提']);
        let parcel = back || goods || c == '件' && !text[..at].ends_with(['软', '軟']);
        // 阳光100国际新城: a number inside a name, not one of a house.
        let inside = c.is_ascii_digit()
            && (right.is_ascii_digit()
                || (is_han(right) && !UNITS.iter().any(|unit| unit.starts_with(right))))
            && text[..at]
                .ends_with(|c: char| is_han(c) && !BEFORE.contains(c) || c.is_ascii_digit());
        right = c;
        if !(is_han(c) || inside) || BEFORE.contains(c) || made || home || parcel {
            break;
        }
        regions += usize::from(REGIONS.contains(c) && to - at > c.len_utf8());
        start = at;
        name += 1;
        // Without a region above it the name of a street is short.
        if name <= 4 {
            short = at;
        }
    }
    // What is closed in by other words is its name, whole.
    let whole = regions > 0 || name <= 8;
    // 线路3号 and 电路2号 are no streets.
    let last = text[..to].chars().next_back();
    // 十二道街 is one.
    let numbered = last == Some('道')
        && text[..to - '道'.len_utf8()]
            .chars()
            .next_back()
            .is_some_and(is_numeral);
    let street = name > 0
        && (numbered
            || !last.is_some_and(|c| {
                "线線電电網道思马一半走知味频頻渠轨軌跑管报報条條这那的".contains(c)
            }));
    street.then_some((if whole { start } else { short }, regions))
}

/// What follows the word of a street: numbers with their units.
#[derive(Default)]
struct Tail {
    len: usize,
    /// Numbers with a unit.
    units: usize,
    /// Building phases with a number: 3期.
    phases: usize,
    /// Numbers of rooms without one, at the end.
    rooms: usize,
}

impl Tail {
    fn of(text: &str) -> Self {
        let mut tail = Self::default();
        // A section, a lane, a house, an entry, a floor, a room: more than any address has.
        for _ in 0..10 {
            let rest = &text[tail.len..];
            let Some(step) = section(rest)
                .or_else(|| unit(rest))
                .or_else(|| place(rest, tail.units > 0))
            else {
                break;
            };
            let phase = rest[..step.len].ends_with('期');
            tail.len += step.len;
            tail.phases += usize::from(phase);
            tail.units += usize::from(step.unit);
        }
        if tail.units > 0
            && let Some(len) = room(&text[tail.len..])
        {
            tail.len += len;
            tail.rooms += 1;
        }
        tail
    }
}

struct Step {
    len: usize,
    unit: bool,
}

/// 四段, 东段, 西单元, 之二.
fn section(text: &str) -> Option<Step> {
    let mut chars = text.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    let len = first.len_utf8() + second.len_utf8();
    let side = "东西南北中東前后後上下".contains(first);
    let counted = is_numeral(first) || text::digit(first).is_some() || first.is_ascii_uppercase();
    let found = match second {
        '段' | '期' | '区' | '區' => (side || counted).then_some((len, false)),
        '座' | '楼' => side.then_some((len, false)),
        '单' if side && text[len..].starts_with('元') => Some((len + '元'.len_utf8(), true)),
        _ if first == '之' && (is_numeral(second) || text::digit(second).is_some()) => {
            Some((len, false))
        }
        _ => None,
    };
    found.map(|(len, unit)| Step { len, unit })
}

/// A number and its unit: 88号, 附3号, B座, 5樓.
fn unit(text: &str) -> Option<Step> {
    let rest = text.trim_start_matches([' ', '-']);
    let rest = rest.strip_prefix(['附', '甲', '乙', '丙']).unwrap_or(rest);
    // 黄埔大道西100号.
    let rest = match rest.strip_prefix(['东', '西', '南', '北', '中', '東']) {
        Some(more) if more.starts_with(|c| text::digit(c).is_some()) => more,
        _ => rest,
    };
    let number = number(rest)?;
    let tail = rest[number..].trim_start_matches(' ');
    let unit = UNITS.iter().find(|unit| tail.starts_with(**unit))?;
    let tail = &tail[unit.len()..];
    // 4门501, but no 2门冰箱.
    if ["门", "門", "舍"].contains(unit) && !tail.starts_with(|c| text::digit(c).is_some()) {
        return None;
    }
    // 3号线 and 5号机 are no houses.
    let door = ["门口", "門口", "门卫", "門衛", "门前", "门店"]
        .iter()
        .any(|door| tail.starts_with(door));
    let other =
        tail.starts_with(['线', '線', '机', '色', '店', '球', '门', '門', '客', '摊']) && !door;
    (!other).then_some(Step {
        len: text.len() - tail.len(),
        unit: true,
    })
}

/// Bytes of a number: digits of any width, one letter, or Chinese numerals.
fn number(text: &str) -> Option<usize> {
    // E3栋.
    if let Some(rest) = text.strip_prefix(|c: char| c.is_ascii_uppercase())
        && let digits @ 1..=3 = length(rest, |c| c.is_ascii_digit())
    {
        return Some(1 + digits);
    }
    let digits = length(text, |c| text::digit(c).is_some());
    if (1..=5).contains(&text[..digits].chars().count()) {
        let letter = text[digits..].starts_with(|c: char| c.is_ascii_uppercase());
        // 8-2栋.
        let second = text[digits..].strip_prefix(['-', '－']);
        let second = second.map_or(0, |rest| {
            let sign = text.len() - digits - rest.len();
            let more = length(rest, |c| text::digit(c).is_some());
            if more > 0 { sign + more } else { 0 }
        });
        return Some(digits + usize::from(letter) + second);
    }
    let numerals = length(text, is_numeral);
    if (1..=4).contains(&text[..numerals].chars().count()) {
        return Some(numerals);
    }
    text.starts_with(|c: char| c.is_ascii_uppercase())
        .then_some(1)
}

/// The name of what stands at the house number, before its own number: 312号学府公寓4栋.
fn place(text: &str, numbered: bool) -> Option<Step> {
    const LONGEST: usize = 10;
    let name: usize = text
        .chars()
        .take(LONGEST)
        .take_while(|c| is_han(*c) && !BEFORE.contains(*c))
        .map(char::len_utf8)
        .sum();
    let ends = [
        "对面",
        "對面",
        "旁",
        "旁边",
        "隔壁",
        "口",
        "楼",
        "廈",
        "厦",
        "区",
        "區",
        "大学",
        "大學",
        "学院",
        "公司",
        "医院",
        "工厂",
        "酒店",
        "天地",
        "国际",
        "馆",
        "公寓",
        "小区",
        "花园",
        "家园",
        "苑",
        "里",
        "大厦",
        "广场",
        "新村",
        "城",
        "园",
        "庭",
        "府",
        "湾",
        "郡",
        "院",
        "园区",
        "主楼",
        "副楼",
        "北楼",
        "南楼",
        "东楼",
        "西楼",
        "裙楼",
        "写字楼",
        "办公楼",
        "大楼",
        "大樓",
        "中心",
        "村",
        "宿舍",
        "校区",
        "公馆",
        "山庄",
        "社区",
        "廣場",
        "花園",
    ];
    let rest = &text[name..];
    let goes_on = || unit(rest).is_some() || room(rest).is_some() || section(rest).is_some();
    // 19号乐育8楼: behind a number any short name.
    let chars = text[..name].chars().count();
    let short = numbered && (2..=4).contains(&chars) && unit(rest).is_some();
    let fits = short || ends.iter().any(|end| text[..name].ends_with(end)) && goes_on();
    fits.then_some(Step {
        len: name,
        unit: false,
    })
}

/// A room's number without a unit: two to five digits, two numbers or a letter: 1107, 22-5, C.
fn room(text: &str) -> Option<usize> {
    let rest = text.strip_prefix([' ', '-']).unwrap_or(text);
    let digits = length(rest, |c| text::digit(c).is_some());
    let count = rest[..digits].chars().count();
    let second = rest[digits..]
        .strip_prefix('-')
        .map_or(0, |more| length(more, |c| text::digit(c).is_some()));
    // 5-A201, 9B, 1-2-3; no date.
    let mixed = length(rest, |c| {
        c.is_ascii_digit() || c.is_ascii_uppercase() || c == '-'
    });
    let run = rest[..mixed].trim_end_matches('-');
    if (2..=8).contains(&run.len())
        && run.contains(|c: char| c.is_ascii_uppercase() || c == '-')
        && run.starts_with(|c: char| c.is_ascii_alphanumeric())
        && run.contains(|c: char| c.is_ascii_digit())
        && !rest[run.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Some(text.len() - rest.len() + run.len());
    }
    let len = match (count, second) {
        (1..=5, 1..) => digits + 1 + second,
        (2..=5, 0) => digits,
        (0, _) if text.starts_with(|c: char| c.is_ascii_uppercase()) => 1,
        _ => return None,
    };
    let apart = rest.len() < text.len() || count == 0;
    let whole = !apart || !rest[len..].starts_with(|c: char| c.is_ascii_alphanumeric());
    whole.then_some(text.len() - rest.len() + len)
}

fn length(text: &str, such: impl Fn(char) -> bool) -> usize {
    text.find(|c| !such(c)).unwrap_or(text.len())
}

fn is_numeral(c: char) -> bool {
    "一二三四五六七八九十百〇零".contains(c)
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn from_the_province_to_the_room() {
        check(&[
            (
                "我的地址是浙江省杭州市西湖区文三路88号5幢301室，",
                "我的地址是[address]，",
            ),
            ("地址：学院路37号15号楼203", "地址：[address]"),
            ("送到厦门市思明区湖滨南路55号之二702室了", "送到[address]了"),
            (
                "台北市大安區忠孝東路四段216巷33弄12號5樓一直",
                "[address]一直",
            ),
            ("洪山区珞喻路312号学府公寓4栋1107门口", "[address]门口"),
            ("（平安里3号楼2单元602）", "（[address]）"),
            ("在昆明市五华区翠湖北路２号收到", "在[address]收到"),
            ("香港九龍旺角彌敦道688號15樓A室", "[address]"),
            ("地址改成苏州市星湖街328号产业园8-2栋", "地址改成[address]"),
            ("北京市 海淀区 学院路 30号 3号楼 502", "[address]"),
            ("放在人民路88号门口", "放在[address]门口"),
            ("住在翠湖天地3号楼2102，", "住在[address]，"),
            ("湖南省邵阳市隆回县桃洪镇文昌村8组", "[address]"),
            ("在光谷软件园E3栋4楼附近", "在[address]附近"),
            ("凤凰城3期12号楼", "[address]"),
            ("中关村南大街5号北京理工大学6号楼333", "[address]"),
        ]);
    }

    #[test]
    fn streets_and_numbers_apart_stay() {
        stay(&[
            "南京路太堵，快递晚了",
            "坐10号线到你们店",
            "路由器3号机坏了",
            "店里3号色好看",
            "这条路3号封了",
            "我知道3号有货",
            "双11号称最低价",
            "10栋乐高街景少3栋",
            "商场5楼没电梯",
            "买了2栋别墅3层",
            "超市里3号柜台",
            "2门冰箱",
        ]);
    }
}
