-- Lets the oracle be asked by whoever may read it, whatever their search path: what a view calls finds the tables and
-- functions beside it. Only functions that views call; those on the way of requests stay as they are, since the setting
-- costs each call. Changes no rows: no locks to mind.
DO $$
DECLARE
  v_function regprocedure;
BEGIN
  FOR v_function IN
    SELECT DISTINCT p.oid::regprocedure
    FROM pg_proc p
    JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE p.pronamespace = current_schema()::regnamespace
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path FROM CURRENT', v_function);
  END LOOP;
END $$;
