//! Long numbers, told apart by their shape and by the words before them: payment cards, national ids
//! and phone numbers.
//!
//! Ordinary numbers stay: fewer than nine digits, dates, prices, ratings, long numbers of no known
//! shape (tracking numbers, bar codes, times in milliseconds), and what the text itself calls the
//! number of an order, a parcel, an invoice or a ticket.

use std::ops::Range;

use super::before::Before;
use super::shadow::Shadow;
use super::{Finding, Kind, card, iban, national, phone};

/// A number has at most this many groups.
const GROUPS: usize = 7;

/// A run of digits without anything between.
pub(super) type Group = Range<usize>;

/// Cards, national ids and phone numbers.
pub(super) fn numbers(text: &Shadow) -> Vec<Finding> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let near = 1
            + (first + 1..groups.len().min(first + GROUPS))
                .take_while(|next| separated(text, &groups[next - 1], &groups[*next]))
                .count();
        let run = &groups[first..first + near];
        // An IBAN that is mistyped is no phone number either, nor are its groups.
        if iban::is_head(text, run[0].start, run[0].len()) {
            first += near;
            continue;
        }
        match number(text, run) {
            Some((kind, used)) => {
                let start = run[0].start - lead(text, run[0].start);
                // The letter at the end of a Chinese id.
                let last = run[used - 1].end;
                let end = last + usize::from(kind == Kind::Id && is_x(text.at(last)));
                found.push(text.finding(kind, start..end));
                first += used;
            }
            None => first += 1,
        }
    }
    found
}

/// Kind of the number that begins with the first group, and how many groups it has.
fn number(text: &Shadow, run: &[Group]) -> Option<(Kind, usize)> {
    let digits: usize = run.iter().map(ExactSizeIterator::len).sum();
    if digits < 7 {
        return None;
    }
    let before = Before::of(text, run[0].start);
    let plus = lead(text, run[0].start) > 0;
    if !plus && before.calls(KEPT) {
        return phone::with_trunk(text, run).map(|used| (Kind::Phone, used));
    }
    card::card(text, run)
        .map(|used| (Kind::Card, used))
        .or_else(|| national::id(text, run, &before).map(|used| (Kind::Id, used)))
        .or_else(|| phone::phone(text, run, &before).map(|used| (Kind::Phone, used)))
}

/// Words that say that the number of something follows that is no person's.
#[rustfmt::skip]
pub(super) const KEPT: &[&str] = &[
    "order", "tracking", "parcel", "shipment", "invoice", "ticket", "reference", "ref", "sku", "serial",
    "isbn", "imei", "barcode", "transaction", "product", "item", "model", "part", "batch", "reservation",
    "booking", "voucher", "coupon", "timestamp", "سفارش", "سفارشم", "رهگیری", "پیگیری", "پیگیری پرداخت",
    "مرسوله", "فاکتور", "تیکت", "سریال", "بارکد", "تراکنش", "ارجاع", "بدنه", "کالا", "محصول", "کارت هدیه",
    "سری ساخت", "الطلب", "طلبی", "طلبیه", "الطلبیه", "شحنه", "الشحنه", "التتبع", "بولیصه", "الفاتوره",
    "فاتوره", "التذکره", "تذکره", "بارکود", "البارکود", "العملیه", "المعامله", "مرجع", "المرجع", "حجز",
    "الحجز", "سیریال", "التسلسلی", "تشغیله", "بطاقه هدیه", "المنتج", "订单", "运单", "快递单", "物流单",
    "单号", "物流", "发票", "工单", "序列", "流水", "条形码", "货号", "商品", "交易", "投诉", "机身", "批次",
    "礼品卡", "取号", "型号", "合同", "contract", "membership", "قرارداد", "بلیط", "بلیت", "البلاغ", "بلاغ", "العضویه",
    "عضویه", "الحواله", "حواله",
];

fn groups(text: &Shadow) -> Vec<Group> {
    let bytes = text.bytes();
    let mut groups: Vec<Group> = Vec::new();
    for (at, b) in bytes.iter().enumerate() {
        if b.is_ascii_digit() {
            match groups.last_mut() {
                Some(last) if last.end == at => last.end = at + 1,
                _ => groups.push(at..at + 1),
            }
        }
    }
    groups
}

/// Whether only a separator of numbers stands between two groups.
fn separated(text: &Shadow, left: &Group, right: &Group) -> bool {
    let between = &text.bytes()[left.end..right.start];
    between.len() <= 3
        && between
            .iter()
            .all(|b| matches!(b, b' ' | b'-' | b'.' | b'(' | b')'))
}

/// Length of `+` or `(` that belongs to the number after it.
pub(super) fn lead(text: &Shadow, start: usize) -> usize {
    let before = |n: usize| start.checked_sub(n).map_or(0, |at| text.at(at));
    match (before(2), before(1)) {
        (b'+', b'(') => 2,
        (_, b'+') => 1,
        _ => 0,
    }
}

/// Values of the digits of these groups.
pub(super) fn digits(text: &Shadow, groups: &[Group]) -> Vec<u8> {
    groups
        .iter()
        .flat_map(|group| &text.bytes()[group.clone()])
        .map(|b| b - b'0')
        .collect()
}

/// The letter that stands for ten in a check digit.
pub(super) fn is_x(b: u8) -> bool {
    matches!(b, b'x' | b'X')
}
