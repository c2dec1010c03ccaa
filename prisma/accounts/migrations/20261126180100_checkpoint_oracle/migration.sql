-- The parts of the oracle and of the reports that know of checkpoints. Views and functions; none of them is called where
-- requests wait.

-- Usage ----------------------------------------------------------------------------------------------------------------

ALTER TABLE usage_day ADD COLUMN service_credit numeric NOT NULL DEFAULT 0;

-- As before, and what sellers got from the platform.
CREATE OR REPLACE FUNCTION usage_of(p_receipt receipt) RETURNS SETOF usage_day LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT p_receipt.owner_id, (p_receipt.resolved_at AT TIME ZONE 'UTC')::date,
    usage_slice(p_receipt.api_token_id, p_receipt.route, p_receipt.model, receipt_provider(p_receipt),
      p_receipt.outcome, p_receipt.seller_owner_id),
    p_receipt.api_token_id, p_receipt.route, coalesce(p_receipt.model, ''), receipt_provider(p_receipt),
    p_receipt.outcome, p_receipt.seller_owner_id, 1::numeric, p_receipt.captured::numeric, p_receipt.fee::numeric,
    coalesce((p_receipt.units ->> 'prompt_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'cached_prompt_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'completion_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'reasoning_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'image')::numeric, 0),
    coalesce((p_receipt.units ->> 'audio_second')::numeric, 0),
    coalesce((p_receipt.units ->> 'video_second')::numeric, 0), p_receipt.service_credit::numeric;
END;

CREATE OR REPLACE VIEW usage_sum AS
  SELECT owner_id, day, api_token_id, route, model, provider, outcome, seller_owner_id, requests, charged, fee,
    prompt_token, cached_prompt_token, completion_token, reasoning_token, image, audio_second, video_second,
    service_credit
  FROM usage_day
  UNION ALL
  SELECT u.owner_id, u.day, u.api_token_id, u.route, u.model, u.provider, u.outcome, u.seller_owner_id, u.requests,
    u.charged, u.fee, u.prompt_token, u.cached_prompt_token, u.completion_token, u.reasoning_token, u.image,
    u.audio_second, u.video_second, u.service_credit
  -- One by one, whatever is guessed of a table that is always nearly empty: never by reading all receipts.
  FROM usage_fresh q CROSS JOIN LATERAL unnest(q.receipt_ids) AS n (id)
  CROSS JOIN LATERAL (
    SELECT d.* FROM receipt r CROSS JOIN LATERAL usage_of(r) d WHERE r.id = n.id OFFSET 0) u;

-- Folds up to `p_limit` notes into the days. Gives how many they were.
CREATE OR REPLACE FUNCTION fold_usage(p_limit integer) RETURNS integer LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  v_count integer;
  v_ids text[];
BEGIN
  WITH taken AS (
    DELETE FROM usage_fresh WHERE id IN (
      SELECT id FROM usage_fresh ORDER BY id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING receipt_ids
  )
  SELECT (SELECT count(*) FROM taken), ARRAY(SELECT unnest(receipt_ids) FROM taken) INTO v_count, v_ids;

  INSERT INTO usage_day AS d
  SELECT u.owner_id, u.day,
    usage_slice(u.api_token_id, u.route, u.model, u.provider, u.outcome, u.seller_owner_id) AS slice,
    u.api_token_id, u.route, u.model, u.provider, u.outcome, u.seller_owner_id, sum(u.requests), sum(u.charged),
    sum(u.fee), sum(u.prompt_token), sum(u.cached_prompt_token), sum(u.completion_token), sum(u.reasoning_token),
    sum(u.image), sum(u.audio_second), sum(u.video_second), sum(u.service_credit)
  FROM unnest(v_ids) AS n (id)
  CROSS JOIN LATERAL (SELECT r.* FROM receipt r WHERE r.id = n.id OFFSET 0) r
  CROSS JOIN LATERAL usage_of(r) u
  GROUP BY u.owner_id, u.day, u.api_token_id, u.route, u.model, u.provider, u.outcome, u.seller_owner_id
  ORDER BY 1, 2, 3
  ON CONFLICT (owner_id, day, slice) DO UPDATE SET
    requests = d.requests + excluded.requests, charged = d.charged + excluded.charged, fee = d.fee + excluded.fee,
    prompt_token = d.prompt_token + excluded.prompt_token,
    cached_prompt_token = d.cached_prompt_token + excluded.cached_prompt_token,
    completion_token = d.completion_token + excluded.completion_token,
    reasoning_token = d.reasoning_token + excluded.reasoning_token,
    image = d.image + excluded.image, audio_second = d.audio_second + excluded.audio_second,
    video_second = d.video_second + excluded.video_second, service_credit = d.service_credit + excluded.service_credit;
  RETURN v_count;
END $$;

-- What an owner has earned, and where that is. `pending`: not old enough to be paid out, whole days (UTC) at a time;
-- the first payout waits longer. What was taken back of earnings counts at once.
CREATE OR REPLACE FUNCTION earnings_of(p_owner uuid, p_maturity_days integer, p_first_maturity_days integer)
RETURNS TABLE (earned numeric, pending numeric, in_payout numeric, paid numeric, reversed numeric, is_first boolean)
LANGUAGE sql STABLE AS $$
  WITH p AS (
    SELECT coalesce(sum(amount) FILTER (WHERE state IN ('prepared', 'submitted')), 0) AS in_payout,
      coalesce(sum(amount - reversed) FILTER (WHERE state IN ('paid', 'reversed')), 0) AS paid,
      coalesce(sum(reversed), 0) AS reversed,
      count(*) FILTER (WHERE state = 'paid') = 0 AS is_first
    FROM payout WHERE owner_id = p_owner
  )
  SELECT b.balance, coalesce((
      SELECT sum(u.charged - u.fee + u.service_credit) FROM usage_sum u
      WHERE u.seller_owner_id = p_owner AND u.owner_id <> p_owner
        AND u.day >= (now() AT TIME ZONE 'UTC')::date
          - CASE WHEN p.is_first THEN p_first_maturity_days ELSE p_maturity_days END), 0),
    p.in_payout, p.paid, p.reversed, p.is_first
  FROM p, ledger_balance b WHERE b.owner_id = p_owner AND b.kind = 'seller_payable'
$$;

-- The oracle ---------------------------------------------------------------------------------------------------------

-- A request that ended with a crash of ours is charged for its finished units; of one that nobody had a checkpoint of there
-- are none.
CREATE OR REPLACE VIEW receipt_expected_charge AS
  SELECT r.id,
    CASE WHEN r.outcome IN ('completed', 'buyer_left', 'expired') AND r.served_position IS NOT NULL
          AND r.seller_owner_id <> r.owner_id
      THEN least(r.amount::numeric, units_cost(r.units, r.terms -> r.served_position -> 'prices'))
      ELSE 0 END AS charge,
    coalesce((r.terms -> r.served_position ->> 'feeBps')::numeric, 0) AS fee_bps
  FROM receipt r
  WHERE r.state <> 'declined';

-- What is wrong with a request that ended with a crash of ours: its seller has, from the buyer and the platform together,
-- its share of all that was delivered, by one transfer of the platform's; and whoever served it is fenced off.
CREATE FUNCTION checkpoint_wrongs(p_receipt receipt) RETURNS TABLE (violation text, subject text, detail text)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT w.violation, p_receipt.id, w.detail
  FROM (
    SELECT CASE WHEN p_receipt.outcome = 'expired' AND p_receipt.seller_owner_id <> p_receipt.owner_id
        THEN seller_share(least(p_receipt.amount, units_cost(p_receipt.delivered, s.served -> 'prices')),
          (s.served ->> 'feeBps')::numeric) - (p_receipt.captured - p_receipt.fee)
        ELSE 0 END AS due
    FROM (SELECT p_receipt.terms -> p_receipt.served_position::integer AS served) s) d
  LEFT JOIN transaction t ON t.external_id = 'service_credit:' || p_receipt.id
  LEFT JOIN transfer f ON f.transaction_id = t.id
  CROSS JOIN LATERAL (VALUES
    ('service_credit', p_receipt.service_credit <> d.due,
      format('credit %s, by what was delivered %s', p_receipt.service_credit, d.due)),
    ('service_credit_paid',
      (coalesce(f.amount, 0), coalesce(f.leg, 1)) IS DISTINCT FROM (p_receipt.service_credit, 1::smallint)
        OR (f.amount IS NOT NULL AND (f.debit_account_id = global_account('service_credit')
          AND f.credit_account_id = account_of('seller_payable', p_receipt.seller_owner_id)) IS NOT TRUE),
      format('credit %s, transfers %s', p_receipt.service_credit, f.amount)),
    ('expired_unfenced', p_receipt.outcome = 'expired' AND p_receipt.epoch < 2, format('epoch %s', p_receipt.epoch))
  ) AS w (violation, is_wrong, detail)
  WHERE w.is_wrong
$$;

CREATE VIEW checkpoint_violations AS
  SELECT w.violation, w.subject, w.detail
  FROM receipt r CROSS JOIN LATERAL checkpoint_wrongs(r) w WHERE r.outcome = 'expired' OR r.service_credit <> 0
UNION ALL
  SELECT 'service_credit_unexplained', t.id::text, t.external_id
  FROM transaction t LEFT JOIN receipt r ON 'service_credit:' || r.id = t.external_id AND r.service_credit > 0
  WHERE t.kind = 'service_credit' AND r.id IS NULL;

-- What is wrong with what moved or ended from a moment to another. Its names are those of the whole oracle.
CREATE OR REPLACE FUNCTION ledger_changed(p_from timestamptz, p_to timestamptz)
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
      CASE WHEN r.outcome IN ('completed', 'buyer_left', 'expired') AND r.served_position IS NOT NULL
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
  UNION ALL
    SELECT w.violation, w.subject, w.detail
    FROM r JOIN receipt whole ON whole.id = r.id CROSS JOIN LATERAL checkpoint_wrongs(whole) w
    WHERE r.outcome = 'expired' OR r.service_credit <> 0
$$;

-- What was credited is earned too.
CREATE OR REPLACE VIEW payout_violations AS
WITH booked AS (
  SELECT split_part(t.external_id, ':', 2) AS payout_id,
    coalesce(sum(f.amount) FILTER (WHERE c.kind = 'payout_transit'), 0)
      - coalesce(sum(f.amount) FILTER (WHERE d.kind = 'payout_transit'), 0) AS transit,
    coalesce(sum(f.amount) FILTER (WHERE c.kind = 'seller_payable'), 0)
      - coalesce(sum(f.amount) FILTER (WHERE d.kind = 'seller_payable'), 0) AS payable,
    min(CASE WHEN c.kind = 'seller_payable' THEN c.owner_id::text WHEN d.kind = 'seller_payable' THEN d.owner_id::text END)
      AS owner_min,
    max(CASE WHEN c.kind = 'seller_payable' THEN c.owner_id::text WHEN d.kind = 'seller_payable' THEN d.owner_id::text END)
      AS owner_max
  FROM transaction t
  JOIN transfer f ON f.transaction_id = t.id
  JOIN ledger_account d ON d.id = f.debit_account_id
  JOIN ledger_account c ON c.id = f.credit_account_id
  WHERE t.kind = 'payout' GROUP BY 1
)
  SELECT 'payout_booked' AS violation, coalesce(p.id::text, b.payout_id) AS subject,
    format('%s for %s, in transit %s, earnings %s', p.state, p.amount, b.transit, b.payable) AS detail
  FROM payout p FULL JOIN booked b ON b.payout_id = p.id::text
  WHERE (b.transit = CASE WHEN p.state IN ('prepared', 'submitted') THEN p.amount ELSE 0 END
    AND b.payable = CASE WHEN p.state = 'failed' THEN 0 ELSE p.reversed - p.amount END
    AND b.owner_min = p.owner_id::text AND b.owner_max = p.owner_id::text) IS NOT TRUE
UNION ALL
  SELECT 'payout_beyond_earnings', p.owner_id::text, format('paid out %s, earned %s', p.amount, coalesce(u.earned, 0))
  FROM (SELECT owner_id, sum(amount - reversed) AS amount FROM payout WHERE state <> 'failed' GROUP BY 1) p
  LEFT JOIN (SELECT seller_owner_id, sum(captured - fee + service_credit) AS earned FROM receipt GROUP BY 1) u
    ON u.seller_owner_id = p.owner_id
  WHERE p.amount > coalesce(u.earned, 0)
UNION ALL
  SELECT 'payout_transit', 'all payouts', format('balance %s, open payouts %s', s.balance, s.amount)
  FROM (
    SELECT (SELECT sum(balance) FROM ledger_balance WHERE kind = 'payout_transit') AS balance,
      coalesce((SELECT sum(amount) FROM payout WHERE state IN ('prepared', 'submitted')), 0) AS amount) s
  WHERE s.balance <> s.amount
UNION ALL
  SELECT 'payout_lost', id::text, format('%s, and nobody will look after it', state)
  FROM payout WHERE state IN ('prepared', 'submitted') AND due_at IS NULL
UNION ALL
  SELECT 'usage_sum', coalesce(r.owner_id, u.owner_id)::text,
    format('on %s receipts %s for %s, sums %s for %s', coalesce(r.day, u.day), r.requests, r.charged, u.requests, u.charged)
  FROM (
    SELECT owner_id, (resolved_at AT TIME ZONE 'UTC')::date AS day, count(*) AS requests, sum(captured) AS charged,
      sum(fee) AS fee,
      sum(service_credit) AS service_credit
    FROM receipt WHERE state <> 'declined' GROUP BY 1, 2) r
  FULL JOIN (
    SELECT owner_id, day, sum(requests) AS requests, sum(charged) AS charged, sum(fee) AS fee,
      sum(service_credit) AS service_credit
    FROM usage_sum GROUP BY 1, 2) u ON u.owner_id = r.owner_id AND u.day = r.day
  WHERE (r.requests = u.requests AND r.charged = u.charged AND r.fee = u.fee
    AND r.service_credit = u.service_credit) IS NOT TRUE
UNION ALL
  SELECT 'receipt_moment', r.id, format('receipt %s, transaction %s', r.resolved_at, t.created_at)
  FROM receipt r JOIN transaction t ON t.id = r.transaction_id WHERE r.resolved_at <> t.created_at;

-- All parts of the oracle as one view.
DO $$
BEGIN
  EXECUTE 'CREATE OR REPLACE VIEW ledger_violations AS ' || (
    SELECT string_agg(format('SELECT violation, subject, detail FROM %I', viewname), ' UNION ALL ' ORDER BY viewname)
    FROM pg_views
    WHERE schemaname = current_schema() AND viewname LIKE '%\_violations' AND viewname <> 'ledger_violations');
END $$;
