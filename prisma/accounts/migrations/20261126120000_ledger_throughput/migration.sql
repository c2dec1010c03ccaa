-- What each request writes beside its hold and its receipt, made less. Locks `usage_fresh`, `receipt` for an instant,
-- and, while two small indexes are made, `transfer`: run it while accounts is stopped. Before and after:
-- `SELECT count(*), sum(requests), sum(charged) FROM usage_sum` and `SELECT count(*) FROM ledger_violations`.

-- Events ---------------------------------------------------------------------------------------------------------------

-- An event of usage, written out of the receipts that it tells of. They never change, so this can wait until it is
-- published: to build, compress and log the whole with each batch cost more than the receipts themselves.
CREATE FUNCTION usage_event(p_payload jsonb) RETURNS json LANGUAGE sql STABLE SET enable_seqscan = off AS $$
  SELECT json_build_object('type', 'usage-settled', 'usages', coalesce(json_agg(json_build_object(
    'requestId', r.id, 'ownerId', r.owner_id, 'apiTokenId', r.api_token_id, 'leaseId', r.lease_id,
    'sellerOwnerId', r.seller_owner_id, 'providerId', r.provider_id, 'model', r.model, 'outcome', r.outcome,
    'hold', r.amount::text, 'charge', r.captured::text, 'fee', r.fee::text, 'units', r.units, 'reported', r.reported,
    'atMs', floor(extract(epoch FROM coalesce(r.ended_at, r.resolved_at)) * 1000))), '[]'))
  FROM receipt r
  WHERE r.id = ANY (ARRAY(SELECT u ->> 'requestId' FROM jsonb_array_elements(p_payload -> 'usages') u))
$$;

-- One event for all of a batch. It names its receipts and says no more of them.
CREATE OR REPLACE FUNCTION tell_ended(p_outbox bigint, p_subject text, p_ids text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (id, subject, payload)
  SELECT p_outbox, p_subject,
    jsonb_build_object('type', 'usage-settled', 'usages', jsonb_agg(jsonb_build_object('requestId', i.id)))
  FROM unnest(p_ids) AS i (id);
END $$;

-- Usage ----------------------------------------------------------------------------------------------------------------

-- One note for all that has ended in one statement.
ALTER TABLE usage_fresh ADD COLUMN receipt_ids text[];
UPDATE usage_fresh SET receipt_ids = ARRAY[receipt_id];
ALTER TABLE usage_fresh ALTER COLUMN receipt_ids SET NOT NULL;

CREATE OR REPLACE FUNCTION note_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO usage_fresh (receipt_ids)
  SELECT array_agg(id) FROM ended WHERE state <> 'declined' HAVING count(*) > 0;
  RETURN NULL;
END $$;

-- Stands for all that the sums are split by, which would be too long for an index.
CREATE FUNCTION usage_slice(
  p_api_token uuid, p_route text, p_model text, p_provider text, p_outcome text, p_seller uuid
) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN sha256(convert_to(jsonb_build_array(
  p_api_token, p_route, nullif(p_model, ''), p_provider, p_outcome, p_seller)::text, 'UTF8'));

-- What one receipt adds to the sums: the one place that says how. In a form that is made part of the query that asks,
-- which need not pay for a call and for columns that it does not read.
CREATE FUNCTION usage_lines(p_receipt receipt) RETURNS SETOF usage_day LANGUAGE sql IMMUTABLE
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
    coalesce((p_receipt.units ->> 'video_second')::numeric, 0);
END;

-- All usage: folded, and not yet.
CREATE OR REPLACE VIEW usage_sum AS
  SELECT owner_id, day, api_token_id, route, model, provider, outcome, seller_owner_id, requests, charged, fee,
    prompt_token, cached_prompt_token, completion_token, reasoning_token, image, audio_second, video_second
  FROM usage_day
  UNION ALL
  SELECT u.owner_id, u.day, u.api_token_id, u.route, u.model, u.provider, u.outcome, u.seller_owner_id, u.requests,
    u.charged, u.fee, u.prompt_token, u.cached_prompt_token, u.completion_token, u.reasoning_token, u.image,
    u.audio_second, u.video_second
  -- One by one, whatever is guessed of a table that is always nearly empty: never by reading all receipts.
  FROM usage_fresh q CROSS JOIN LATERAL unnest(q.receipt_ids) AS n (id)
  CROSS JOIN LATERAL (
    SELECT d.* FROM receipt r CROSS JOIN LATERAL usage_lines(r) d WHERE r.id = n.id OFFSET 0) u;

ALTER TABLE usage_fresh DROP COLUMN receipt_id;
DROP FUNCTION usage_of;
ALTER FUNCTION usage_lines RENAME TO usage_of;

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
    sum(u.image), sum(u.audio_second), sum(u.video_second)
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
    video_second = d.video_second + excluded.video_second;
  RETURN v_count;
END $$;

-- Transfers ------------------------------------------------------------------------------------------------------------

-- By account only what is no usage is looked for: debts. What an account has in all is in its sums.
DROP INDEX transfer_debit_account_id_idx;
DROP INDEX transfer_credit_account_id_idx;
CREATE INDEX transfer_other_debit_account_id_idx ON transfer (debit_account_id) WHERE code NOT IN ('usage', 'fee');
CREATE INDEX transfer_other_credit_account_id_idx ON transfer (credit_account_id) WHERE code NOT IN ('usage', 'fee');

-- What an owner owes us: no request is ever paid to or from it. Changes under its wallet's lock only.
CREATE OR REPLACE FUNCTION debt_of(p_owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT sum(f.amount) FROM transfer f
      WHERE f.debit_account_id = a.id AND f.code NOT IN ('usage', 'fee')), 0)::bigint
    - coalesce((SELECT sum(f.amount) FROM transfer f
      WHERE f.credit_account_id = a.id AND f.code NOT IN ('usage', 'fee')), 0)::bigint
  FROM ledger_account a WHERE a.id = account_of('buyer_debt', p_owner)
$$;

-- As before, but that what came to promotional money is looked for among what is no usage. Were a request ever paid into it,
-- that would count for it no longer: the oracle sees more, not less.
-- One row a violation: payments, refunds, disputes and promotional money against the transfers.
CREATE OR REPLACE VIEW payment_violations AS
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
    WHERE f.credit_account_id = w.promo_account_id AND f.code NOT IN ('usage', 'fee')
      AND s.transaction_id IS NULL), 0)
UNION ALL
  SELECT 'debt', b.owner_id::text, format('owed %s', -b.balance)
  FROM ledger_balance b
  WHERE b.kind = 'buyer_debt' AND (b.balance > 0
    OR (b.balance < 0 AND NOT EXISTS (SELECT FROM debtor d WHERE d.owner_id = b.owner_id)));

-- Transactions into sums: each is read once.
CREATE OR REPLACE FUNCTION fold_transactions(p_limit integer) RETURNS integer LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
  v_ids bigint[];
BEGIN
  WITH taken AS (
    DELETE FROM fold_queue WHERE transaction_id IN (
      SELECT transaction_id FROM fold_queue ORDER BY transaction_id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING transaction_id
  )
  SELECT coalesce(array_agg(transaction_id), '{}') INTO v_ids FROM taken;
  WITH moved AS MATERIALIZED (
    SELECT * FROM moved_by(v_ids)
  ), balances AS (
    INSERT INTO account_balance AS b (account_id, balance)
    SELECT m.account_id, sum(m.credited - m.debited) FROM moved m GROUP BY 1 ORDER BY 1
    ON CONFLICT (account_id) DO UPDATE SET balance = b.balance + excluded.balance
  )
  INSERT INTO account_day AS d (account_id, day, credited, debited)
  SELECT m.account_id, m.day, m.credited, m.debited FROM moved m ORDER BY 1, 2
  ON CONFLICT (account_id, day) DO UPDATE
    SET credited = d.credited + excluded.credited, debited = d.debited + excluded.debited;
  RETURN cardinality(v_ids);
END $$;
