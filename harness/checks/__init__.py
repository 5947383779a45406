"""The shipped checks. Each asks one question and answers pass, fail or unknown."""
