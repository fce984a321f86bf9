"""Many servers behind one address: who has which camera, by rules that know no network and no clock."""
