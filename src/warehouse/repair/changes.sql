-- What differs, column by column; of a join's status also from what to what.

SELECT change.1 AS column, change.2 AS before, change.3 AS after, count() AS rows
FROM (
    SELECT arrayJoin(arrayFilter(change -> change.4, [
        ('customer_join', toString(i.customer_join), j.customer_join, i.customer_join != j.customer_join),
        ('order_join', toString(i.order_join), j.order_join, i.order_join != j.order_join),
        ('ticket_join', toString(i.ticket_join), j.ticket_join, i.ticket_join != j.ticket_join),
        ('session_join', toString(i.session_join), j.session_join, i.session_join != j.session_join),
        ('delivery_join', toString(i.delivery_join), j.delivery_join, i.delivery_join != j.delivery_join),
        ('joined_customer_id', '', '', i.joined_customer_id != j.joined_customer_id),
        ('merged_customers', '', '', i.merged_customers != j.merged_customers),
        ('segment', '', '', i.segment != j.segment),
        ('persona', '', '', i.persona != j.persona),
        ('tier', '', '', i.tier != j.tier),
        ('plan', '', '', i.plan != j.plan),
        ('customer_country', '', '', i.customer_country != j.customer_country),
        ('clv', '', '', [i.clv] != [j.clv]),
        ('clv_currency', '', '', i.clv_currency != j.clv_currency),
        ('order_status', '', '', i.order_status != j.order_status),
        ('order_total', '', '', [i.order_total] != [j.order_total]),
        ('order_currency', '', '', i.order_currency != j.order_currency),
        ('days_late', '', '', [i.days_late] != [j.days_late]),
        ('delivery_status', '', '', i.delivery_status != j.delivery_status),
        ('ticket_status', '', '', i.ticket_status != j.ticket_status),
        ('ticket_reopens', '', '', [i.ticket_reopens] != [j.ticket_reopens]),
        ('checkout_abandoned', '', '', [i.checkout_abandoned] != [j.checkout_abandoned])
    ])) AS change
    FROM sada_joined AS j INNER JOIN sada_items AS i ON i.n = j.n
)
GROUP BY column, before, after
ORDER BY column, before, after;
