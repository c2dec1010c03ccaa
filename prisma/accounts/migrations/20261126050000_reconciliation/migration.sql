-- What was reconciled and when, and the parts of the oracle that a minute and an hour can afford. New tables, views and
-- functions; two BRIN indexes, whose making reads `transaction` and `receipt` once and keeps writers of them waiting
-- for as long (seconds for ten million rows).

-- Rows are written in the order of their moment, so a few pages of an index say which pages hold an hour of them.
CREATE INDEX transaction_created_at_brin ON transaction USING brin (created_at) WITH (pages_per_range = 16);
CREATE INDEX receipt_resolved_at_brin ON receipt USING brin (resolved_at) WITH (pages_per_range = 16);

-- Runs ---------------------------------------------------------------------------------------------------------------

-- One run of a job over a window of time. A row without an end is a run that was cut off: its window is taken again.
CREATE TABLE reconciliation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL CHECK (job IN ('minute', 'hour', 'day')),
  window_start timestamptz NOT NULL,
  window_end timestamptz NOT NULL,
  -- Asked for by a person, for a window that has been looked at already.
  is_repeat boolean NOT NULL DEFAULT false,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  -- What was looked at, by name.
  counts jsonb,
  violations integer CHECK (violations >= 0),
  CHECK (window_start < window_end),
  CHECK ((ended_at IS NULL) = (counts IS NULL) AND (ended_at IS NULL) = (violations IS NULL))
);
-- A window is done once, whoever believes that it is its turn.
CREATE UNIQUE INDEX reconciliation_window_key ON reconciliation (job, window_start)
  WHERE ended_at IS NOT NULL AND NOT is_repeat;
CREATE INDEX reconciliation_ended_idx ON reconciliation (job, window_end DESC, id DESC) WHERE ended_at IS NOT NULL;

CREATE TABLE reconciliation_finding (
  reconciliation_id bigint NOT NULL REFERENCES reconciliation (id),
  n integer NOT NULL,
  violation text NOT NULL,
  subject text NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (reconciliation_id, n)
);

-- A run is written down at its beginning and once more at its end.
CREATE FUNCTION refuse_change_of_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
    OR (OLD.id, OLD.job, OLD.window_start, OLD.window_end, OLD.is_repeat, OLD.began_at)
      IS DISTINCT FROM (NEW.id, NEW.job, NEW.window_start, NEW.window_end, NEW.is_repeat, NEW.began_at)
  THEN
    RAISE EXCEPTION 'what was reconciled is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reconciliation_kept BEFORE UPDATE OR DELETE ON reconciliation
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_ended();
CREATE TRIGGER reconciliation_not_emptied BEFORE TRUNCATE ON reconciliation
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_finding_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_finding
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Whose an account is never changes: every transfer of the past would be somebody else's.
CREATE TRIGGER ledger_account_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_account
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE DELETE, TRUNCATE ON reconciliation FROM aisbf_accounts;
    REVOKE UPDATE, DELETE, TRUNCATE ON reconciliation_finding, ledger_account FROM aisbf_accounts;
  END IF;
END $$;

-- Checks -------------------------------------------------------------------------------------------------------------

-- What can be told of the whole ledger without its history: it grows with owners and with what is open. Balances are
-- taken from the sums that are kept; `ledger_folds` compares those with the transfers.
CREATE VIEW ledger_standing AS
WITH held AS (
  SELECT owner_id, sum(amount) AS amount FROM (
    SELECT owner_id, amount FROM hold
    UNION ALL SELECT owner_id, issued_max + extended - settled FROM lease WHERE state <> 'closed') h GROUP BY 1
), places AS (
  SELECT api_token_id, sum(places) AS open, sum(amount) AS amount FROM (
    SELECT api_token_id, 1 AS places, amount FROM hold
    UNION ALL SELECT api_token_id, slots, issued_max + extended - settled FROM lease WHERE state <> 'closed') p
  GROUP BY 1
), balance AS MATERIALIZED (
  SELECT account_id, kind, owner_id, balance FROM ledger_balance
)
  SELECT 'wallet_posted' AS violation, w.owner_id::text AS subject,
    format('posted %s, transfers %s', w.posted, b.balance) AS detail
  FROM wallet w JOIN balance b ON b.account_id = w.account_id WHERE w.posted <> b.balance
UNION ALL
  SELECT 'wallet_promo', w.owner_id::text, format('promo %s, transfers %s', w.promo, b.balance)
  FROM wallet w JOIN balance b ON b.account_id = w.promo_account_id WHERE w.promo <> b.balance
UNION ALL
  SELECT 'wallet_held', w.owner_id::text, format('held %s, open holds and leases %s', w.held, coalesce(h.amount, 0))
  FROM wallet w LEFT JOIN held h ON h.owner_id = w.owner_id WHERE w.held <> coalesce(h.amount, 0)
UNION ALL
  SELECT 'wallet_overspent', owner_id::text, format('posted %s, promo %s, held %s', posted, promo, held)
  FROM wallet WHERE posted < 0 OR promo < 0 OR held < 0 OR held > posted + promo
UNION ALL
  SELECT 'sum_not_zero', 'all accounts', total::text FROM (
    SELECT coalesce((SELECT sum(posted + promo) FROM wallet), 0)
      + coalesce((SELECT sum(balance) FROM balance WHERE kind NOT IN ('buyer_wallet', 'buyer_promo')), 0) AS total) s
  WHERE total <> 0
UNION ALL
  SELECT 'token_load', t.api_token_id::text, format('open %s, holds and leases %s', t.open, coalesce(p.open, 0))
  FROM token_load t LEFT JOIN places p ON p.api_token_id = t.api_token_id WHERE t.open <> coalesce(p.open, 0)
UNION ALL
  SELECT 'token_load', p.api_token_id::text, format('open %s, holds and leases %s', t.open, p.open)
  FROM places p LEFT JOIN token_load t ON t.api_token_id = p.api_token_id
  WHERE t.api_token_id IS NULL AND p.open <> 0
UNION ALL
  SELECT 'budget_held', b.id::text, format('held %s, open holds and leases %s', b.held, coalesce(p.amount, 0))
  FROM budget b LEFT JOIN places p ON p.api_token_id = b.api_token_id WHERE b.held <> coalesce(p.amount, 0)
UNION ALL
  SELECT 'hold_and_receipt', h.id, r.state FROM hold h JOIN receipt r ON r.id = h.id
UNION ALL
  SELECT 'hold_forgotten', h.id, format('expired at %s', h.expires_at)
  FROM hold h WHERE h.expires_at < clock_timestamp() - interval '60 seconds'
UNION ALL
  SELECT 'lease_forgotten', l.id, format('expired at %s', l.expires_at)
  FROM lease l WHERE l.state <> 'closed' AND l.expires_at < clock_timestamp() - interval '60 seconds'
UNION ALL
  SELECT 'debt', b.owner_id::text, format('owed %s', -b.balance)
  FROM balance b WHERE b.kind = 'buyer_debt' AND (b.balance > 0
    OR (b.balance < 0 AND NOT EXISTS (SELECT FROM debtor d WHERE d.owner_id = b.owner_id)))
UNION ALL
  SELECT 'payout_transit', 'all payouts', format('balance %s, open payouts %s', s.balance, s.amount)
  FROM (
    SELECT (SELECT sum(balance) FROM balance WHERE kind = 'payout_transit') AS balance,
      coalesce((SELECT sum(amount) FROM payout WHERE state IN ('prepared', 'submitted')), 0) AS amount) s
  WHERE s.balance <> s.amount
UNION ALL
  SELECT 'payout_lost', id::text, format('%s, and nobody will look after it', state)
  FROM payout WHERE state IN ('prepared', 'submitted') AND due_at IS NULL;

-- What is wrong with what moved or ended from a moment to another. Its names are those of the whole oracle.
CREATE FUNCTION ledger_changed(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (violation text, subject text, detail text) LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH t AS MATERIALIZED (
    SELECT id, kind, created_at FROM transaction WHERE created_at >= p_from AND created_at < p_to
  ), f AS MATERIALIZED (
    SELECT f.* FROM t JOIN transfer f ON f.transaction_id = t.id
  ), r AS MATERIALIZED (
    SELECT * FROM receipt WHERE resolved_at >= p_from AND resolved_at < p_to AND state <> 'declined'
  ), usage AS MATERIALIZED (
    SELECT transaction_id, owner_id, sum(captured) AS captured, sum(fee) AS fee
    FROM r WHERE transaction_id IS NOT NULL GROUP BY 1, 2
  ), expected AS MATERIALIZED (
    SELECT r.id, r.captured, r.fee,
      CASE WHEN r.outcome IN ('completed', 'buyer_left') AND r.served_position IS NOT NULL
            AND r.seller_owner_id <> r.owner_id
        THEN least(r.amount::numeric, units_cost(r.units, r.terms -> r.served_position -> 'prices'))
        ELSE 0 END AS charge,
      coalesce((r.terms -> r.served_position ->> 'feeBps')::numeric, 0) AS fee_bps
    FROM r
  )
    SELECT 'usage_captured', coalesce(t.id, u.transaction_id)::text,
      format('captured %s of %s, transfers %s', u.captured, u.owner_id, m.amount)
    FROM t
    FULL JOIN usage u ON u.transaction_id = t.id
    LEFT JOIN wallet w ON w.owner_id = u.owner_id
    LEFT JOIN (
      SELECT transaction_id, sum(amount) AS amount, min(debit_account_id::text) AS least,
        max(debit_account_id::text) AS most
      FROM f WHERE code IN ('usage', 'fee') GROUP BY 1) m ON m.transaction_id = t.id
    WHERE (t.kind = 'usage' OR t.id IS NULL)
      AND (u.captured = m.amount AND m.least = w.account_id::text AND m.most = w.account_id::text) IS NOT TRUE
  UNION ALL
    SELECT 'seller_paid', s.transaction_id::text, format('receipts %s, transfers %s', s.amount, f.amount)
    FROM (
      SELECT r.transaction_id, a.id AS account_id, sum(r.captured - r.fee) AS amount
      FROM r LEFT JOIN ledger_account a ON a.kind = 'seller_payable' AND a.owner_id = r.seller_owner_id
      WHERE r.transaction_id IS NOT NULL GROUP BY 1, 2) s
    LEFT JOIN f ON f.transaction_id = s.transaction_id AND f.credit_account_id = s.account_id AND f.code = 'usage'
    WHERE s.amount <> coalesce(f.amount, 0)
  UNION ALL
    SELECT 'fee_paid', u.transaction_id::text, format('receipts %s, transfers %s', u.fee, coalesce(f.amount, 0))
    FROM usage u LEFT JOIN f ON f.transaction_id = u.transaction_id AND f.code = 'fee'
    WHERE u.fee <> coalesce(f.amount, 0)
  UNION ALL
    SELECT 'receipt_charge', id, format('captured %s, by its terms %s', captured, charge)
    FROM expected WHERE captured <> charge
  UNION ALL
    SELECT 'fee', id, format('fee %s of %s at %s basis points', fee, captured, fee_bps)
    FROM expected WHERE fee <> floor(captured::numeric * fee_bps / 10000)
  UNION ALL
    SELECT 'outbox_missing', r.id, r.state
    FROM r LEFT JOIN outbox o ON o.id = r.outbox_id
    WHERE o.id IS NULL OR (o.published_at IS NULL
      AND NOT o.payload -> 'usages' @> jsonb_build_array(jsonb_build_object('requestId', r.id)))
  UNION ALL
    SELECT 'receipt_moment', r.id, format('receipt %s, transaction %s', r.resolved_at, x.created_at)
    FROM r JOIN transaction x ON x.id = r.transaction_id WHERE r.resolved_at <> x.created_at
  UNION ALL
    SELECT 'transaction_empty', t.id::text, t.kind
    FROM t WHERE NOT EXISTS (SELECT FROM f WHERE f.transaction_id = t.id)
  UNION ALL
    SELECT 'transfer_orphaned', f.transaction_id::text, f.code
    FROM f
    LEFT JOIN ledger_account d ON d.id = f.debit_account_id
    LEFT JOIN ledger_account c ON c.id = f.credit_account_id
    WHERE d.id IS NULL OR c.id IS NULL
$$;

-- Sums that are kept against what they are sums of, for days from `p_from` on (UTC); before, only that days and
-- balances agree.
CREATE FUNCTION ledger_folds(p_from date)
RETURNS TABLE (violation text, subject text, detail text) LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH folded AS MATERIALIZED (
    SELECT account_id, day, credited, debited FROM account_day WHERE day >= p_from
  ), moved AS MATERIALIZED (
    SELECT m.account_id, (t.created_at AT TIME ZONE 'UTC')::date AS day, sum(m.credited) AS credited,
      sum(m.debited) AS debited
    FROM transaction t
    JOIN transfer f ON f.transaction_id = t.id
    CROSS JOIN LATERAL (VALUES (f.credit_account_id, f.amount, 0), (f.debit_account_id, 0, f.amount))
      AS m (account_id, credited, debited)
    WHERE t.created_at >= p_from::timestamp AT TIME ZONE 'UTC'
      AND NOT EXISTS (SELECT FROM fold_queue q WHERE q.transaction_id = t.id)
    GROUP BY 1, 2
  ), requests AS MATERIALIZED (
    SELECT owner_id, (resolved_at AT TIME ZONE 'UTC')::date AS day, count(*) AS requests, sum(captured) AS charged,
      sum(fee) AS fee
    FROM receipt
    WHERE resolved_at >= p_from::timestamp AT TIME ZONE 'UTC' AND state <> 'declined' GROUP BY 1, 2
  ), used AS MATERIALIZED (
    SELECT owner_id, day, sum(requests) AS requests, sum(charged) AS charged, sum(fee) AS fee
    FROM usage_sum WHERE day >= p_from GROUP BY 1, 2
  )
    SELECT 'balance_folded', coalesce(b.account_id, d.account_id)::text,
      format('balance %s, days %s', b.balance, d.balance)
    FROM account_balance b
    FULL JOIN (SELECT account_id, sum(credited - debited) AS balance FROM account_day GROUP BY 1) d
      ON d.account_id = b.account_id
    WHERE coalesce(b.balance, 0) <> coalesce(d.balance, 0)
  UNION ALL
    SELECT 'day_folded', coalesce(d.account_id, m.account_id)::text,
      format('on %s folded %s and %s, transfers %s and %s', coalesce(d.day, m.day), d.credited, d.debited,
        m.credited, m.debited)
    FROM folded d FULL JOIN moved m ON m.account_id = d.account_id AND m.day = d.day
    WHERE coalesce(d.credited, 0) <> coalesce(m.credited, 0) OR coalesce(d.debited, 0) <> coalesce(m.debited, 0)
  UNION ALL
    SELECT 'usage_sum', coalesce(r.owner_id, u.owner_id)::text,
      format('on %s receipts %s for %s, sums %s for %s', coalesce(r.day, u.day), r.requests, r.charged, u.requests,
        u.charged)
    FROM requests r FULL JOIN used u ON u.owner_id = r.owner_id AND u.day = r.day
    WHERE (r.requests = u.requests AND r.charged = u.charged AND r.fee = u.fee) IS NOT TRUE
$$;

-- What an hour can show beside the sums: leases that were opened since `p_from` against their receipts, and events that
-- nobody has published for an hour.
CREATE FUNCTION ledger_loose_ends(p_from timestamptz)
RETURNS TABLE (violation text, subject text, detail text) LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH ended AS MATERIALIZED (
    SELECT lease_id, sum(amount) AS amount, sum(captured) AS captured FROM receipt
    WHERE resolved_at >= p_from AND lease_id IS NOT NULL GROUP BY 1
  )
    SELECT 'lease', l.id,
      format('settled %s, captured %s, receipts %s, %s', l.settled, l.captured, r.amount, r.captured)
    FROM lease l LEFT JOIN ended r ON r.lease_id = l.id
    WHERE l.created_at >= p_from
      AND (l.settled <> coalesce(r.amount, 0) OR l.captured <> coalesce(r.captured, 0))
  UNION ALL
    SELECT 'outbox_unpublished', o.id::text, format('%s waits since %s', o.subject, o.created_at)
    FROM outbox o WHERE o.published_at IS NULL AND o.created_at < clock_timestamp() - interval '1 hour'
$$;

-- How much was looked at.
CREATE FUNCTION ledger_moved(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (transactions bigint, transfers bigint, receipts bigint) LANGUAGE sql STABLE
SET search_path FROM CURRENT AS $$
  SELECT
    (SELECT count(*) FROM transaction WHERE created_at >= p_from AND created_at < p_to),
    (SELECT count(*) FROM transaction t JOIN transfer f ON f.transaction_id = t.id
     WHERE t.created_at >= p_from AND t.created_at < p_to),
    (SELECT count(*) FROM receipt WHERE resolved_at >= p_from AND resolved_at < p_to AND state <> 'declined')
$$;
