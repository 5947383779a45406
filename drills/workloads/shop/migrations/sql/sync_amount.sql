-- Keeps orders.amount and orders.total_cents equal, whichever of them a release writes.
-- Where one statement sets both to different values, amount (the newer name) wins.
CREATE FUNCTION orders_sync_amount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.amount := COALESCE(NEW.amount, NEW.total_cents);
        NEW.total_cents := NEW.amount;
    ELSIF NEW.amount IS DISTINCT FROM OLD.amount THEN
        NEW.total_cents := NEW.amount;
    ELSIF NEW.total_cents IS DISTINCT FROM OLD.total_cents THEN
        NEW.amount := NEW.total_cents;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER orders_sync_amount BEFORE INSERT OR UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_sync_amount();
