//! Records of the benchmark: reviews of 644 bytes, as other pipelines were measured with.

use serde_json::json;

/// Texts of different languages and moods.
pub const TEXTS: [&str; 12] = [
    "The parcel came two weeks late and the box was torn, but the phone itself works very well.",
    "سفارش دو هفته دیر رسید و بسته‌بندی پاره بود، ولی خود گوشی خیلی خوب کار می‌کند.",
    "وصل الطلب متأخراً أسبوعين والعلبة ممزقة، لكن الهاتف نفسه ممتاز وسعره مناسب.",
    "快递晚了两个星期，盒子也破了，不过手机本身很好用，客服态度也不错。",
    "Das Paket kam zwei Wochen zu spät und der Karton war kaputt, aber das Gerät läuft gut.",
    "Le colis est arrivé avec deux semaines de retard, mais le service client a été parfait.",
    "El pedido llegó tarde y nadie contestaba el teléfono; quiero que me devuelvan el dinero.",
    "Kargo iki hafta gecikti, kutu yırtıktı ama telefon çok güzel, teşekkürler.",
    "Посылка опоздала на две недели, коробка порвана, но телефон работает отлично.",
    "荷物が二週間遅れて届き、箱も破れていましたが、電話自体はとても良いです。",
    "The app crashes every time I try to pay, support never answers, very disappointed!!! 😡",
    "Everything perfect: fast delivery, friendly courier, great price. Will buy again 👍",
];

/// The n-th review, 644 bytes of JSON.
pub fn review(n: usize) -> String {
    const SIZE: usize = 644;
    let mut event = json!({
        "specversion": "1.0", "id": format!("event-{n:09}"), "source": "shop/reviews",
        "type": "cx.review.v1", "time": "2026-03-01T10:00:00Z", "tenant_id": "acme",
        "version": 1_772_359_200_000_u64 + n as u64,
        "customer": {"customer_id": format!("c{:06}", n % 50_000)},
        "context": {"channel": "web", "country": "DE", "locale": "de-DE"},
        "data": {
            "review_id": format!("r{n:09}"), "platform": "shop", "title": "",
            "body": TEXTS[n % TEXTS.len()],
            "item": {"type": "product", "id": format!("p{:04}", n % 900), "name": "Phone"},
            "rating": {"value": 1 + n % 5, "worst": 1, "best": 5},
            "created_at": "2026-03-01T09:59:00Z"
        }
    });
    let missing = SIZE.saturating_sub(event.to_string().len());
    let words = "and so on it goes with more to say of it ";
    event["data"]["title"] = words
        .chars()
        .cycle()
        .take(missing)
        .collect::<String>()
        .into();
    event.to_string()
}
