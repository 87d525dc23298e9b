"""Everything that runs Rapport somewhere; nothing that Rapport itself needs in order to run."""
