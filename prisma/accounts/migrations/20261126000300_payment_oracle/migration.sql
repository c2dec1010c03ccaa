-- Payments contradict themselves, where they do, beside the ledger: `ledger_violations` is both. Views only.

-- The oracle ---------------------------------------------------------------------------------------------------------------

-- What each thing of the above must have moved in all, account by account. `buyer` is a wallet with what its owner owes.
CREATE VIEW payment_expected AS
  SELECT 'top_up' AS kind, t.id::text AS id, m.account, m.owner_id, m.amount
  FROM top_up t CROSS JOIN LATERAL (VALUES ('buyer', t.owner_id, t.paid), ('cash_clearing', NULL, -t.paid))
    AS m (account, owner_id, amount)
UNION ALL
  SELECT 'refund', r.id::text, m.account, m.owner_id, m.amount
  FROM refund r CROSS JOIN LATERAL (VALUES ('buyer', r.owner_id, -r.amount), ('cash_clearing', NULL, r.amount))
    AS m (account, owner_id, amount)
  WHERE r.state <> 'failed'
UNION ALL
  SELECT 'dispute', d.provider || ':' || d.id, m.account, m.owner_id, m.amount
  FROM dispute d CROSS JOIN LATERAL (VALUES
    ('buyer', d.owner_id, CASE WHEN d.state IN ('open', 'lost') THEN -d.amount ELSE 0 END),
    ('dispute_reserve', NULL, CASE WHEN d.state = 'open' THEN d.amount ELSE 0 END),
    ('cash_clearing', NULL, CASE WHEN d.state = 'lost' THEN d.amount ELSE 0 END + d.fee),
    ('bad_debt', NULL, -d.fee)) AS m (account, owner_id, amount)
UNION ALL
  SELECT 'promo', g.id::text, m.account, m.owner_id, m.amount
  FROM promo_grant g CROSS JOIN LATERAL (VALUES
    ('buyer_promo', g.owner_id, CASE g.origin WHEN 'grant' THEN g.amount ELSE 0 END - g.expired),
    ('promo_expense', NULL, g.expired - CASE g.origin WHEN 'grant' THEN g.amount ELSE 0 END))
    AS m (account, owner_id, amount)
UNION ALL
  SELECT 'request_refund', r.id::text, m.account, m.owner_id, m.amount
  FROM request_refund r CROSS JOIN LATERAL (VALUES
    ('buyer', r.owner_id, r.amount - r.promo), ('buyer_promo', r.owner_id, r.promo),
    ('seller_payable', r.seller_owner_id, -r.seller), ('platform_fee', NULL, -r.fee),
    ('service_credit', NULL, -r.service)) AS m (account, owner_id, amount);

-- One row a violation: payments, refunds, disputes and promotional money against the transfers.
CREATE VIEW payment_violations AS
WITH moved AS (
  SELECT s.kind, s.id,
    CASE WHEN a.kind IN ('buyer_wallet', 'buyer_debt') THEN 'buyer' ELSE a.kind END AS account,
    CASE WHEN a.kind IN ('buyer_wallet', 'buyer_debt', 'buyer_promo', 'seller_payable') THEN a.owner_id END AS owner_id,
    sum(m.amount) AS amount
  FROM transaction_subject s
  JOIN transfer f ON f.transaction_id = s.transaction_id
  CROSS JOIN LATERAL (VALUES (f.credit_account_id, f.amount), (f.debit_account_id, -f.amount)) AS m (account_id, amount)
  JOIN ledger_account a ON a.id = m.account_id
  GROUP BY 1, 2, 3, 4
), differing AS (
  SELECT coalesce(e.kind, m.kind) AS kind, coalesce(e.id, m.id) AS id, coalesce(e.account, m.account) AS account,
    coalesce(e.amount, 0) AS expected, coalesce(m.amount, 0) AS amount
  FROM payment_expected e
  FULL JOIN moved m ON m.kind = e.kind AND m.id = e.id AND m.account = e.account
    AND m.owner_id IS NOT DISTINCT FROM e.owner_id
  WHERE coalesce(e.amount, 0) <> coalesce(m.amount, 0)
)
  SELECT d.kind || '_booked' AS violation, d.id AS subject,
    format('%s should have %s of it, transfers %s', d.account, d.expected, d.amount) AS detail
  FROM differing d
UNION ALL
  SELECT 'payment_unexplained', t.id::text, t.kind
  FROM transaction t LEFT JOIN transaction_subject s ON s.transaction_id = t.id
  WHERE t.kind IN ('top_up', 'refund', 'dispute', 'promo_expiry') AND s.transaction_id IS NULL
UNION ALL
  SELECT 'refund_exceeds_paid', t.id::text, format('paid %s, refunded %s', t.paid, sum(r.amount))
  FROM refund r JOIN top_up t ON t.id = r.top_up_id
  WHERE r.state <> 'failed' GROUP BY t.id, t.paid HAVING sum(r.amount) > t.paid
UNION ALL
  SELECT 'request_refund_exceeds_charge', r.id, format('captured %s, refunded %s', r.captured, sum(f.amount))
  FROM request_refund f JOIN receipt r ON r.id = f.receipt_id
  GROUP BY r.id, r.captured, r.fee HAVING sum(f.amount) > r.captured OR sum(f.fee) > r.fee
UNION ALL
  SELECT 'promo_unaccounted', w.owner_id::text, format('promo %s, of grants at most %s', w.promo, g.remaining)
  FROM wallet w
  JOIN (
    SELECT owner_id, sum(remaining) AS remaining FROM promo_grant GROUP BY 1) g ON g.owner_id = w.owner_id
  WHERE w.promo > g.remaining + coalesce((
    SELECT sum(f.amount) FROM transfer f LEFT JOIN transaction_subject s ON s.transaction_id = f.transaction_id
    WHERE f.credit_account_id = w.promo_account_id AND s.transaction_id IS NULL), 0)
UNION ALL
  SELECT 'debt', b.owner_id::text, format('owed %s', -b.balance)
  FROM ledger_balance b
  WHERE b.kind = 'buyer_debt' AND (b.balance > 0
    OR (b.balance < 0 AND NOT EXISTS (SELECT FROM debtor d WHERE d.owner_id = b.owner_id)));

ALTER VIEW ledger_violations RENAME TO ledger_core_violations;
CREATE VIEW ledger_violations AS
  SELECT * FROM ledger_core_violations UNION ALL SELECT * FROM payment_violations;
