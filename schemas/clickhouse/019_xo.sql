-- How it felt beside what happened. Items are those of `feedback_latest` (messages only of customers),
-- each with what was true when it was created. Shares are of items with a text to judge by, with
-- Wilson's 95 % interval; a share without its n says little.

-- Sentiment by days of lateness. negative_share = negative / judged over the items of which a shipment
-- with a promised day is known (delivery_join = 'hit', days_late not NULL); score is the mean of
-- sentiment_score. days_late counts days of the calendar (UTC) from the promised day to arrival, or to
-- the day of the item while the parcel was overdue.
CREATE VIEW IF NOT EXISTS {database}.v_xo_late_delivery {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    days_late Int32 COMMENT 'Days late when it was said; negative: early',
    lateness LowCardinality(String) COMMENT 'early, on_time, late_1_2, late_3_7 or late_8_plus',
    n UInt64 COMMENT 'Items',
    judged UInt64 COMMENT 'Items with a text to judge by',
    negative UInt64 COMMENT 'Items that are negative',
    score Nullable(Float64) COMMENT 'Mean sentiment score of those judged, -1 to 1',
    negative_share Nullable(Float64) COMMENT 'Negative items of those judged, 0 to 1; NULL if there are none',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the share',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the share'
)
AS WITH pow(1.96, 2) AS z2, nullIf(judged, 0) AS m
SELECT
    tenant, assumeNotNull(f.days_late) AS days_late,
    multiIf(days_late < 0, 'early', days_late = 0, 'on_time', days_late <= 2, 'late_1_2',
        days_late <= 7, 'late_3_7', 'late_8_plus') AS lateness,
    count() AS n,
    countIf(sentiment != 'unknown') AS judged,
    countIf(sentiment = 'negative') AS negative,
    avgOrNullIf(sentiment_score, sentiment != 'unknown') AS score,
    negative / m AS negative_share,
    (negative + z2 / 2 - 1.96 * sqrt(negative * (m - negative) / m + z2 / 4)) / (m + z2) AS low,
    (negative + z2 / 2 + 1.96 * sqrt(negative * (m - negative) / m + z2 / 4)) / (m + z2) AS high
FROM {database}.feedback_latest AS f
WHERE delivery_join = 'hit' AND f.days_late IS NOT NULL
    AND (kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1]))
GROUP BY tenant, days_late
COMMENT 'Sentiment by days of lateness, with the interval of the negative share';

-- Visits that reached the cart or the checkout, and what became of them. A visit is abandoned if
-- there is no order 60 minutes after its checkout, else its cart (the
-- order is the visit's, and in time if it was placed by then, or when is not told). Visits whose hour
-- is not over are left out. What was said in abandoned visits tells why: share of items that are
-- negative, share that mention a topic of group checkout_payment.
CREATE VIEW IF NOT EXISTS {database}.v_checkout_friction {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the visits',
    day Date COMMENT 'Day (UTC) on which the checkout, else the cart, began',
    checkout_step LowCardinality(String) COMMENT 'Step of checkout that was reached; empty: only the cart',
    visits UInt64 COMMENT 'Visits that reached cart or checkout',
    abandoned UInt64 COMMENT 'Visits without an order within 60 minutes',
    abandoned_share Float64 COMMENT 'Abandoned visits of all, 0 to 1',
    low Float64 COMMENT 'Lower end of the 95 % interval of the share',
    high Float64 COMMENT 'Upper end of the 95 % interval of the share',
    items UInt64 COMMENT 'Items of feedback that name an abandoned visit',
    negative UInt64 COMMENT 'Those of them that are negative',
    about_checkout UInt64 COMMENT 'Those of them that mention a topic of checkout and payment'
)
AS WITH pow(1.96, 2) AS z2
SELECT
    tenant, toDate(began) AS day, checkout_step,
    count() AS visits,
    countIf(is_abandoned) AS abandoned,
    abandoned / visits AS abandoned_share,
    (abandoned + z2 / 2 - 1.96 * sqrt(abandoned * (visits - abandoned) / visits + z2 / 4)) / (visits + z2) AS low,
    (abandoned + z2 / 2 + 1.96 * sqrt(abandoned * (visits - abandoned) / visits + z2 / 4)) / (visits + z2) AS high,
    sumIf(said, is_abandoned) AS items,
    sumIf(angry, is_abandoned) AS negative,
    sumIf(told, is_abandoned) AS about_checkout
FROM (
    SELECT
        s.tenant AS tenant, s.checkout_step AS checkout_step,
        assumeNotNull(ifNull(s.checkout_at, s.cart_at)) AS began,
        s.order_id = '' OR ifNull(o.created_at > began + INTERVAL 60 MINUTE, false) AS is_abandoned,
        f.said AS said, f.angry AS angry, f.told AS told
    FROM {database}.sessions_latest AS s
    LEFT JOIN (
        SELECT tenant, order_id, created_at FROM {database}.orders_latest
    ) AS o ON s.tenant = o.tenant AND s.order_id = o.order_id
    LEFT JOIN (
        SELECT tenant, session_id, count() AS said, countIf(sentiment = 'negative') AS angry,
            countIf(has(topics.l1, 'checkout_payment')) AS told
        FROM {database}.feedback_latest
        WHERE session_id != '' AND (kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1]))
        GROUP BY tenant, session_id
    ) AS f ON s.tenant = f.tenant AND s.session_id = f.session_id
    WHERE (s.checkout_at IS NOT NULL OR s.cart_at IS NOT NULL)
        AND ifNull(s.checkout_at, s.cart_at) <= now64(3) - INTERVAL 60 MINUTE
)
GROUP BY tenant, day, checkout_step
COMMENT 'Carts and checkouts that came to no order within 60 minutes, and what was said of them';

-- Sentiment by segment, beside what its customers are worth. Segment and lifetime value are those of
-- the time of the item. clv: mean of the customers' values, each customer once (as of the newest
-- item). clv_at_risk: sum over customers whose newest item with a text is negative.
CREATE VIEW IF NOT EXISTS {database}.v_segment_clv_sentiment {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    segment LowCardinality(String) COMMENT 'Segment of the customer when it was said',
    clv_currency LowCardinality(String) COMMENT 'Currency of the lifetime values; amounts of different ones do not add up',
    customers UInt64 COMMENT 'Customers who said something',
    n UInt64 COMMENT 'Items',
    judged UInt64 COMMENT 'Items with a text to judge by',
    negative UInt64 COMMENT 'Items that are negative',
    score Nullable(Float64) COMMENT 'Mean sentiment score of those judged, -1 to 1',
    negative_share Nullable(Float64) COMMENT 'Negative items of those judged, 0 to 1; NULL if there are none',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the share',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the share',
    clv Nullable(Float64) COMMENT 'Mean lifetime value of the customers, each once',
    clv_at_risk Float64 COMMENT 'Lifetime value of the customers whose newest item with a text is negative'
)
AS WITH pow(1.96, 2) AS z2, nullIf(sum(c.judged), 0) AS m
SELECT
    tenant, segment, clv_currency,
    count() AS customers,
    sum(c.n) AS n,
    sum(c.judged) AS judged,
    sum(c.negative) AS negative,
    sum(c.scores) / m AS score,
    sum(c.negative) / m AS negative_share,
    (sum(c.negative) + z2 / 2 - 1.96 * sqrt(sum(c.negative) * (m - sum(c.negative)) / m + z2 / 4)) / (m + z2) AS low,
    (sum(c.negative) + z2 / 2 + 1.96 * sqrt(sum(c.negative) * (m - sum(c.negative)) / m + z2 / 4)) / (m + z2) AS high,
    avgOrNull(c.worth) AS clv,
    ifNull(sumIf(c.worth, c.newest = 'negative'), 0) AS clv_at_risk
FROM (
    SELECT
        tenant, segment, clv_currency, joined_customer_id,
        count() AS n,
        countIf(sentiment != 'unknown') AS judged,
        countIf(sentiment = 'negative') AS negative,
        sumIf(sentiment_score, sentiment != 'unknown') AS scores,
        argMaxIf(sentiment, (created_at, feedback_id), sentiment != 'unknown') AS newest,
        argMax(toFloat64(f.clv), (created_at, feedback_id)) AS worth
    FROM {database}.feedback_latest AS f
    WHERE customer_join = 'hit' AND (kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1]))
    GROUP BY tenant, segment, clv_currency, joined_customer_id
) AS c
GROUP BY tenant, segment, clv_currency
COMMENT 'Sentiment by segment beside lifetime value, with the interval of the negative share';

-- Do customers leave after they were unhappy? Each customer once: from the first negative item, or, of
-- those without one, from the first item; churned if customers_latest tells churned_at within 90 days
-- of it. Those who had left before are left out; customers merged since count as the one they were
-- merged into (up to 4 steps); those whose 90 days are not over are only counted as open.
CREATE VIEW IF NOT EXISTS {database}.v_churn_after_negative {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the customers',
    experience LowCardinality(String) COMMENT 'negative: had a negative item; other: had none',
    customers UInt64 COMMENT 'Customers whose 90 days are over',
    churned UInt64 COMMENT 'Those of them who left within them',
    churn_share Nullable(Float64) COMMENT 'Share of those who left, 0 to 1; NULL if there are no customers',
    low Nullable(Float64) COMMENT 'Lower end of the 95 % interval of the share',
    high Nullable(Float64) COMMENT 'Upper end of the 95 % interval of the share',
    open UInt64 COMMENT 'Customers whose 90 days are not over'
)
AS WITH pow(1.96, 2) AS z2, nullIf(customers, 0) AS m
SELECT
    tenant, experience,
    countIf(is_over) AS customers,
    countIf(is_over AND left_within) AS churned,
    churned / m AS churn_share,
    (churned + z2 / 2 - 1.96 * sqrt(churned * (m - churned) / m + z2 / 4)) / (m + z2) AS low,
    (churned + z2 / 2 + 1.96 * sqrt(churned * (m - churned) / m + z2 / 4)) / (m + z2) AS high,
    countIf(NOT is_over) AS open
FROM (
    SELECT
        f.tenant AS tenant,
        if(unhappy > 0, 'negative', 'other') AS experience,
        if(unhappy > 0, first_negative, first_item) AS since,
        since + INTERVAL 90 DAY <= now64(3) AS is_over,
        c.churned_at AS churned_at,
        ifNull(churned_at <= since + INTERVAL 90 DAY, false) AS left_within
    FROM (
        SELECT
            i.tenant AS tenant,
            multiIf(m4.merged_into != '', m4.merged_into, m3.merged_into != '', m3.merged_into,
                m2.merged_into != '', m2.merged_into, m1.merged_into != '', m1.merged_into,
                i.joined_customer_id) AS customer_id,
            sum(i.unhappy) AS unhappy,
            min(i.first_item) AS first_item,
            minIf(i.first_negative, i.unhappy > 0) AS first_negative
        FROM (
            SELECT tenant, joined_customer_id, countIf(sentiment = 'negative') AS unhappy,
                min(created_at) AS first_item, minIf(created_at, sentiment = 'negative') AS first_negative
            FROM {database}.feedback_latest
            WHERE joined_customer_id != ''
                AND (kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1]))
            GROUP BY tenant, joined_customer_id
        ) AS i
        LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m1
            ON i.tenant = m1.tenant AND i.joined_customer_id = m1.customer_id
        LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m2
            ON i.tenant = m2.tenant AND m1.merged_into = m2.customer_id
        LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m3
            ON i.tenant = m3.tenant AND m2.merged_into = m3.customer_id
        LEFT JOIN (SELECT tenant, customer_id, merged_into FROM {database}.customers_latest WHERE merged_into != '') AS m4
            ON i.tenant = m4.tenant AND m3.merged_into = m4.customer_id
        GROUP BY tenant, customer_id
    ) AS f
    INNER JOIN (
        SELECT tenant, customer_id, churned_at FROM {database}.customers_latest
    ) AS c ON f.tenant = c.tenant AND f.customer_id = c.customer_id
    WHERE c.churned_at IS NULL OR c.churned_at > if(unhappy > 0, first_negative, first_item)
)
GROUP BY tenant, experience
COMMENT 'Customers who left within 90 days of a negative item, and of those without one';

-- Of whom is it known who speaks? named: the item tells a customer; linked: it does not, and an
-- identity, order, ticket or visit leads to one; unknown: what it names led to nobody known then, or
-- is not looked up yet; anonymous: it names nothing. coverage = (named and linked with a customer that
-- was there then) / n.
CREATE VIEW IF NOT EXISTS {database}.v_identity_coverage {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the items',
    day Date COMMENT 'Day (UTC) on which the items were first seen at their source',
    channel LowCardinality(String) COMMENT 'Way they came in',
    n UInt64 COMMENT 'Items',
    named UInt64 COMMENT 'Items that name a customer who was there then',
    linked UInt64 COMMENT 'Items whose customer was found by identity, order, ticket or visit',
    unknown UInt64 COMMENT 'Items whose customer was not there then, or is not looked up yet',
    anonymous UInt64 COMMENT 'Items that lead to nobody',
    coverage Float64 COMMENT 'Items whose customer is known, of all, 0 to 1'
)
AS SELECT
    tenant, toDate(created_at) AS day, channel,
    count() AS n,
    countIf(customer_join = 'hit' AND customer_id != '') AS named,
    countIf(customer_join = 'hit' AND customer_id = '') AS linked,
    countIf(customer_join IN ('miss', 'late')) AS unknown,
    countIf(customer_join = 'none') AS anonymous,
    (named + linked) / n AS coverage
FROM {database}.feedback_latest
WHERE kind != 'message' OR (turns.role[1] = 'customer' AND NOT turns.private[1])
GROUP BY tenant, day, channel
COMMENT 'Of how many items it is known who speaks, by day and channel';
