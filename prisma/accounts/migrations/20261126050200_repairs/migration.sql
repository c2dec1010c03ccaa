-- Repairs: compensating transactions that operators propose, small ones alone, others with a second person. New tables
-- and functions; `ledger_violations` is made anew with what repairs must add up to.

-- What is to be moved, and why. Never changed: what became of it is its decision.
CREATE TABLE repair (
  id uuid PRIMARY KEY,
  debit_account_id uuid NOT NULL REFERENCES ledger_account (id),
  credit_account_id uuid NOT NULL REFERENCES ledger_account (id),
  amount bigint NOT NULL CHECK (amount > 0),
  reason text NOT NULL CHECK (reason <> ''),
  -- What it makes good: a violation of the oracle, or of what others say, and what that is about.
  violation text NOT NULL,
  subject text NOT NULL,
  proposed_by uuid NOT NULL REFERENCES app_user (id),
  proposed_token uuid,
  -- Who can have been behind it: the operator, and whoever has made the API token that was used.
  persons uuid[] NOT NULL CHECK (proposed_by = ANY (persons)),
  needs_approval boolean NOT NULL,
  proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CHECK (debit_account_id <> credit_account_id)
);
CREATE INDEX repair_proposed_at_idx ON repair (proposed_at DESC, id DESC);

-- The one decision on a repair; the primary key lets there be no second one. Its money is the transaction
-- `repair:{id}`.
CREATE TABLE repair_decision (
  repair_id uuid PRIMARY KEY REFERENCES repair (id),
  decision text NOT NULL CHECK (decision IN ('applied', 'refused')),
  decided_by uuid NOT NULL REFERENCES app_user (id),
  decided_token uuid,
  reason text,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (decision <> 'refused' OR reason IS NOT NULL)
);

CREATE TRIGGER repair_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON repair
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER repair_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON repair_decision
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON repair, repair_decision FROM aisbf_accounts;
  END IF;
END $$;

-- Everybody who can be acting here: the user, and who made or rotated the API token that is used, and who made the
-- token with which that was done, and so on. Two names behind which one of them stands twice are one person.
CREATE FUNCTION persons_behind(p_user uuid, p_token uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
  WITH RECURSIVE chain (token, maker) AS (
    SELECT p_token, p_user
    UNION
    SELECT e.actor_token, e.actor_user FROM chain c
    JOIN audit_event e ON e.subject = c.token::text AND e.action IN ('api-token.create', 'api-token.rotate')
  )
  SELECT array_agg(DISTINCT maker) FROM chain WHERE maker IS NOT NULL
$$;
CREATE INDEX audit_event_token_maker_idx ON audit_event (subject)
  WHERE action IN ('api-token.create', 'api-token.rotate');

-- Stands behind `decide_repair`, whoever writes.
CREATE FUNCTION guard_repair_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_repair repair%ROWTYPE;
BEGIN
  SELECT * INTO v_repair FROM repair WHERE id = NEW.repair_id;
  IF NEW.decision = 'applied' AND v_repair.needs_approval
    AND v_repair.persons && persons_behind(NEW.decided_by, NEW.decided_token)
  THEN
    RAISE EXCEPTION 'repair % needs a second person', NEW.repair_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER repair_decision_by_another BEFORE INSERT ON repair_decision
  FOR EACH ROW EXECUTE FUNCTION guard_repair_decision();

-- Proposals and decisions are few and come one after the other, so that what one operator moves alone in a day is
-- counted right however many calls there are at once.
CREATE FUNCTION lock_repairs() RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(4711003)
$$;

CREATE FUNCTION is_operator(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM app_user WHERE id = p_user AND role = 'operator' AND disabled_at IS NULL)
$$;

-- Moves the money of a repair. What the ledger's own constraints refuse is refused here: no wallet has less than
-- nothing, or less than running requests hold.
CREATE FUNCTION apply_repair(p_repair repair, p_user uuid, p_token uuid, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_debit ledger_account%ROWTYPE;
  v_credit ledger_account%ROWTYPE;
  v_result text;
BEGIN
  SELECT * INTO v_debit FROM ledger_account WHERE id = p_repair.debit_account_id;
  SELECT * INTO v_credit FROM ledger_account WHERE id = p_repair.credit_account_id;
  PERFORM lock_wallets(v_debit.owner_id, v_credit.owner_id);
  IF v_credit.kind = 'buyer_debt' AND p_repair.amount > debt_of(v_credit.owner_id) THEN
    RETURN 'exceeds_debt';
  END IF;
  INSERT INTO repair_decision (repair_id, decision, decided_by, decided_token, reason)
  VALUES (p_repair.id, 'applied', p_user, p_token, p_reason);
  -- What promotional grants have left is reckoned before promotional money moves otherwise than by being spent.
  IF 'buyer_promo' IN (v_debit.kind, v_credit.kind) THEN
    PERFORM reckon_promo(o.id) FROM (SELECT DISTINCT unnest(ARRAY[v_debit.owner_id, v_credit.owner_id])) AS o (id);
  END IF;
  IF v_debit.kind = 'buyer_debt' THEN
    INSERT INTO debtor (owner_id) VALUES (v_debit.owner_id) ON CONFLICT DO NOTHING;
  END IF;
  SELECT p.result INTO v_result FROM post_transaction(
    'adjustment', 'repair:' || p_repair.id::text, 'repair:' || p_repair.id::text, p_repair.reason, NULL,
    leg(v_debit.id, v_credit.id, p_repair.amount, 'repair')) p;
  IF v_result <> 'posted' THEN
    RAISE EXCEPTION 'repair % was posted before', p_repair.id;
  END IF;
  RETURN 'applied';
EXCEPTION
  WHEN check_violation THEN
    RETURN CASE WHEN SQLERRM LIKE '%second person%' THEN 'same_person' ELSE 'exceeds_free' END;
END $$;

-- Proposes a repair, and applies it where the operator may alone: as long as all that the same person has moved alone
-- in the last 24 hours, this included, is not more than `p_alone_max`. The same id again is the same repair.
CREATE FUNCTION propose_repair(
  p_id uuid, p_user uuid, p_token uuid, p_debit uuid, p_credit uuid, p_amount bigint, p_reason text, p_violation text,
  p_subject text, p_alone_max bigint, p_ttl interval
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_repair repair%ROWTYPE;
  v_persons uuid[];
  v_alone numeric;
  v_result text;
BEGIN
  PERFORM lock_repairs();
  IF NOT is_operator(p_user) THEN
    RETURN 'not_operator';
  END IF;
  SELECT * INTO v_repair FROM repair WHERE id = p_id;
  IF FOUND THEN
    RETURN CASE WHEN (v_repair.debit_account_id, v_repair.credit_account_id, v_repair.amount, v_repair.violation,
        v_repair.subject, v_repair.proposed_by) = (p_debit, p_credit, p_amount, p_violation, p_subject, p_user)
      THEN 'replay' ELSE 'parameters_differ' END;
  END IF;
  v_persons := persons_behind(p_user, p_token);
  SELECT coalesce(sum(amount), 0) INTO v_alone FROM repair
  WHERE NOT needs_approval AND persons && v_persons AND proposed_at > clock_timestamp() - interval '24 hours';
  BEGIN
    INSERT INTO repair (id, debit_account_id, credit_account_id, amount, reason, violation, subject, proposed_by,
      proposed_token, persons, needs_approval, expires_at)
    VALUES (p_id, p_debit, p_credit, p_amount, p_reason, p_violation, p_subject, p_user, p_token, v_persons,
      v_alone + p_amount > p_alone_max, clock_timestamp() + p_ttl)
    RETURNING * INTO v_repair;
    IF v_repair.needs_approval THEN
      RETURN 'proposed';
    END IF;
    v_result := apply_repair(v_repair, p_user, p_token, NULL);
    IF v_result <> 'applied' THEN
      -- Nothing was moved, so there is to be no repair of this id either.
      RAISE EXCEPTION '%', v_result USING ERRCODE = 'AR001';
    END IF;
    RETURN v_result;
  EXCEPTION
    WHEN SQLSTATE 'AR001' THEN
      RETURN v_result;
  END;
END $$;

-- Applies or refuses a proposal. Whoever proposed it may take it back, and nobody approves what is one's own.
CREATE FUNCTION decide_repair(p_id uuid, p_user uuid, p_token uuid, p_decision text, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_repair repair%ROWTYPE;
  v_decision repair_decision%ROWTYPE;
BEGIN
  PERFORM lock_repairs();
  IF NOT is_operator(p_user) THEN
    RETURN 'not_operator';
  END IF;
  SELECT * INTO v_repair FROM repair WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  SELECT * INTO v_decision FROM repair_decision WHERE repair_id = p_id;
  IF FOUND THEN
    RETURN CASE WHEN (v_decision.decision, v_decision.decided_by) = (p_decision, p_user) THEN 'replay'
      ELSE 'decided' END;
  END IF;
  IF v_repair.expires_at <= clock_timestamp() THEN
    RETURN 'expired';
  END IF;
  IF p_decision = 'refused' THEN
    INSERT INTO repair_decision (repair_id, decision, decided_by, decided_token, reason)
    VALUES (p_id, 'refused', p_user, p_token, p_reason);
    RETURN 'refused';
  END IF;
  IF v_repair.persons && persons_behind(p_user, p_token) THEN
    RETURN 'same_person';
  END IF;
  RETURN apply_repair(v_repair, p_user, p_token, p_reason);
END $$;

-- Whose matter a repair is: the first of its two owners that is not the installation.
CREATE FUNCTION repair_owner(p_debit uuid, p_credit uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT a.owner_id FROM ledger_account a JOIN owner o ON o.id = a.owner_id
  WHERE a.id IN (p_debit, p_credit) ORDER BY o.kind = 'global', a.id <> p_debit LIMIT 1
$$;

-- The oracle: a repair moved what it says when it was applied, and nothing else.
CREATE VIEW repair_violations AS
  SELECT 'repair_booked' AS violation, coalesce(r.id::text, t.external_id) AS subject,
    format('%s of %s, transfers %s', coalesce(d.decision, 'undecided'), r.amount, f.amount) AS detail
  FROM repair r
  LEFT JOIN repair_decision d ON d.repair_id = r.id
  FULL JOIN (SELECT id, external_id FROM transaction WHERE external_id LIKE 'repair:%') t
    ON t.external_id = 'repair:' || r.id::text
  LEFT JOIN transfer f ON f.transaction_id = t.id
  WHERE CASE WHEN d.decision = 'applied'
    THEN (f.debit_account_id, f.credit_account_id, f.amount, f.leg)
      IS DISTINCT FROM (r.debit_account_id, r.credit_account_id, r.amount, 1::smallint)
    ELSE t.id IS NOT NULL OR r.id IS NULL END;

-- All parts of the oracle as one view.
DO $$
BEGIN
  EXECUTE 'CREATE OR REPLACE VIEW ledger_violations AS ' || (
    SELECT string_agg(format('SELECT violation, subject, detail FROM %I', viewname), ' UNION ALL ' ORDER BY viewname)
    FROM pg_views
    WHERE schemaname = current_schema() AND viewname LIKE '%\_violations' AND viewname <> 'ledger_violations');
END $$;
